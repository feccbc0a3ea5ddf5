import { Connection } from 'pg'

/** Members of node-postgres' connections that its types lack. */
interface Wire {
  connect: (this: Wire, port: number, host: string) => void
  query: (this: Wire, text: string) => void
  parse: (this: Wire, query: { readonly text: string; readonly name?: string }) => void
  bind: (this: Wire, config: { readonly statement?: string }) => void
}

/** Whether the text of each prepared statement counts, by name; '' is the unnamed one. */
type Prepared = Map<string, boolean>

/**
 * Counts statements that this process sends to one server, over any connection of node-postgres. It reads the messages
 * of the protocol. A replaced `query` method would not do: the library treats such a client differently, and its own
 * queries bypass that method.
 */
export class SentStatements implements Disposable {
  readonly #restore: () => void
  #count = 0

  /**
   * @param port The server's.
   * @param counts Whether a text counts.
   */
  constructor(port: number, counts: (text: string) => boolean) {
    const prototype = Connection.prototype as unknown as Wire
    const { bind, connect, parse, query } = prototype
    const watched = new WeakMap<Wire, Prepared>()
    const add = (): void => void (this.#count += 1)
    const own: Wire = {
      connect(...given) {
        if (given[0] === port) watched.set(this, new Map())
        Reflect.apply(connect, this, given)
      },
      query(...given) {
        if (watched.has(this) && counts(given[0])) add()
        Reflect.apply(query, this, given)
      },
      parse(...given) {
        watched.get(this)?.set(given[0].name ?? '', counts(given[0].text))
        Reflect.apply(parse, this, given)
      },
      bind(...given) {
        if (watched.get(this)?.get(given[0].statement ?? '') === true) add()
        Reflect.apply(bind, this, given)
      },
    }
    Object.assign(prototype, own)
    this.#restore = () => void Object.assign(prototype, { bind, connect, parse, query })
  }

  get count(): number {
    return this.#count
  }

  [Symbol.dispose](): void {
    this.#restore()
  }
}
