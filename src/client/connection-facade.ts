import { EventEmitter } from 'node:events'
import type { Connection, PoolClient } from 'pg'

/** Events that are not forwarded: the facade emits them itself, or they concern listeners. */
const OWN: ReadonlySet<string | symbol> = new Set(['newListener', 'removeListener', 'end', 'error'])

/**
 * The socket of a client without one. Closing it in any way cuts the connections that the client has borrowed, and
 * emits `close`.
 */
class FacadeStream extends EventEmitter {
  readonly #cut: (error: Error | undefined) => void

  constructor(cut: (error: Error | undefined) => void) {
    super()
    this.#cut = cut
  }

  destroy(error?: Error): this {
    this.#cut(error)
    process.nextTick(() => this.emit('close', error !== undefined))
    return this
  }

  end(): this {
    return this.destroy()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/**
 * The `client.connection` of a client without a connection of its own. It emits the messages of the connections that
 * serve the client, and has a stream that can be destroyed.
 */
export class ConnectionFacade extends EventEmitter {
  /** As on node-postgres' connections, `destroy()` and `end()` cut the client. */
  readonly stream: FacadeStream
  readonly #followed = new Set<Connection>()
  readonly #forwards = new Map<string | symbol, (...args: unknown[]) => void>()

  constructor(destroy: (error: Error | undefined) => void) {
    super()
    this.stream = new FacadeStream(destroy)
    this.on('newListener', (name: string | symbol) => this.#listen(name))
    this.on('removeListener', (name: string | symbol) => this.#forget(name))
  }

  /** False while there are no listeners for messages. */
  get isHeard(): boolean {
    return this.#forwards.size > 0
  }

  end(): void {
    this.stream.end()
  }

  ref(): void {}

  unref(): void {}

  follow(client: PoolClient): void {
    const connection = connectionOf(client)
    if (connection === undefined || this.#followed.has(connection)) return
    this.#followed.add(connection)
    for (const [name, forward] of this.#forwards) connection.on(name, forward)
  }

  leave(client: PoolClient): void {
    const connection = connectionOf(client)
    if (connection === undefined || !this.#followed.delete(connection)) return
    for (const [name, forward] of this.#forwards) connection.removeListener(name, forward)
  }

  #listen(name: string | symbol): void {
    if (OWN.has(name) || this.#forwards.has(name)) return
    const forward = (...args: unknown[]): void => void this.emit(name, ...args)
    this.#forwards.set(name, forward)
    for (const connection of this.#followed) connection.on(name, forward)
  }

  #forget(name: string | symbol): void {
    const forward = this.#forwards.get(name)
    if (forward === undefined || this.listenerCount(name) > 0) return
    this.#forwards.delete(name)
    for (const connection of this.#followed) connection.removeListener(name, forward)
  }
}

/** Native clients have none. */
function connectionOf(client: PoolClient): Connection | undefined {
  return (client as { readonly connection?: Connection }).connection
}
