import { EventEmitter } from 'node:events'
import type { Connection } from 'pg'

/** The messages that a cursor sends. */
type Message = 'parse' | 'bind' | 'describe' | 'execute' | 'flush' | 'close' | 'sync'
type Recorded = readonly [name: Message, args: readonly unknown[]]

/**
 * The connection that a cursor has for its whole life. It passes messages on to the real connection of the moment, of which
 * there may be none. Until the first row has come it also keeps them, so that they can be sent again over another one.
 */
export class CursorConnection extends EventEmitter {
  readonly #synced: () => void
  #real: Connection | undefined
  #record: Recorded[] | undefined = []
  #isOver = false

  /** @param synced Called when the cursor has sent Sync, and so expects nothing but ReadyForQuery. */
  constructor(synced: () => void) {
    super()
    this.#synced = synced
    this.on('newListener', (name: string | symbol) => {
      // pg-cursor waits for ReadyForQuery when it is closed, also behind the last one.
      if (this.#isOver && name === 'readyForQuery') process.nextTick(() => this.emit('readyForQuery'))
    })
  }

  get stream(): unknown {
    return this.#real?.stream
  }

  parse(...args: readonly unknown[]): void {
    this.#send('parse', args)
  }

  bind(...args: readonly unknown[]): void {
    this.#send('bind', args)
  }

  describe(...args: readonly unknown[]): void {
    this.#send('describe', args)
  }

  execute(...args: readonly unknown[]): void {
    this.#send('execute', args)
  }

  flush(...args: readonly unknown[]): void {
    this.#send('flush', args)
  }

  close(...args: readonly unknown[]): void {
    this.#send('close', args)
  }

  sync(...args: readonly unknown[]): void {
    this.#send('sync', args)
    this.#synced()
  }

  /** Ends the real connection, as the deprecated `cursor.end()` asks for. */
  end(): void {
    if (this.#real === undefined) process.nextTick(() => this.emit('end'))
    else Reflect.apply(Reflect.get(this.#real, 'end'), this.#real, [])
  }

  /** Sends over this connection from now on, beginning with everything that was sent before. */
  attach(real: Connection): void {
    this.#real = real
    for (const [name, args] of this.#record ?? []) pass(real, name, args)
  }

  detach(): void {
    this.#real = undefined
  }

  /** Keeps nothing any more: the answer belongs to the connection that it has begun to come over. */
  settle(): void {
    this.#record = undefined
  }

  /** Answers everything that waits for ReadyForQuery, now and later. */
  finish(): void {
    this.detach()
    this.settle()
    this.#isOver = true
    this.emit('readyForQuery')
  }

  #send(name: Message, args: readonly unknown[]): void {
    this.#record?.push([name, args])
    if (this.#real !== undefined) pass(this.#real, name, args)
  }
}

function pass(real: Connection, name: Message, args: readonly unknown[]): void {
  const method = Reflect.get(real, name) as (...args: readonly unknown[]) => void
  Reflect.apply(method, real, args)
}
