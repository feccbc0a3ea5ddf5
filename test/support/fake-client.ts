import { EventEmitter } from 'node:events'
import type { Client } from 'pg'

type Callback = (error?: Error) => void

/** As much of node-postgres' client as pg-pool needs. */
export class FakeClient extends EventEmitter {
  readonly name: string
  readonly connected: Callback
  _queryable = true
  _ending = false

  constructor(
    name: string,
    connecting: (client: FakeClient, callback: Callback) => void,
    asked: (client: FakeClient, answered: Callback) => void,
  ) {
    super()
    this.#asked = asked
    this.name = name
    this.connected = (error) => this.#callback?.(error)
    this.#connecting = connecting
  }

  readonly #connecting: (client: FakeClient, callback: Callback) => void
  readonly #asked: (client: FakeClient, answered: Callback) => void
  #callback: Callback | undefined
  connect(callback: Callback): void {
    this.#callback = callback
    this.#connecting(this, callback)
  }

  query(_query: unknown, answered: Callback): void {
    this.#asked(this, answered)
  }

  end(callback: Callback): void {
    this._ending = true
    setImmediate(() => {
      this.emit('end')
      callback()
    })
  }

  ref(): void {}
  unref(): void {}
}

/** Opens fake clients, named by number, and remembers them. */
export class FakeClients {
  readonly opened: FakeClient[] = []
  /** Connections wait to be told. */
  isSlow = false
  /** Answers a query. */
  asked: (client: FakeClient, answered: Callback) => void = (_client, answered) => answered()
  readonly ClientClass: typeof Client

  constructor() {
    const connecting = (_client: FakeClient, callback: Callback): void => {
      if (!this.isSlow) setImmediate(callback)
    }
    const open = (): FakeClient => {
      const client = new FakeClient(String(this.opened.length + 1), connecting, (...query) =>
        this.asked(...query),
      )
      this.opened.push(client)
      return client
    }
    this.ClientClass = function () {
      return open()
    } as unknown as typeof Client
  }

  /** Names of those that are not closed. */
  get open(): readonly string[] {
    return this.opened.filter(({ _ending }) => !_ending).map(({ name }) => name)
  }
}
