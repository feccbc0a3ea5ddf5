import type { PoolClient } from 'pg'

const EVENTS = ['drain', 'end', 'error', 'notice', 'notification'] as const
export type ConnectionEvent = (typeof EVENTS)[number]

/** A holder of the connection. */
export interface ConnectionListener {
  /** Receives an event of the connection with its argument. */
  heard(event: ConnectionEvent, argument: unknown): void
}

/** The listeners of one connection, which forward its events. */
class Repeater {
  readonly #client: PoolClient
  readonly #handlers = EVENTS.map(
    (event) => [event, (argument: unknown) => this.#tell(event, argument)] as const,
  )
  #listeners: readonly ConnectionListener[] = []

  constructor(client: PoolClient) {
    this.#client = client
  }

  add(listener: ConnectionListener): void {
    // Hooks of the application may have removed listeners.
    if (!this.#isAttached) this.#attach()
    this.#listeners = [...this.#listeners, listener]
  }

  remove(listener: ConnectionListener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener)
  }

  get #isAttached(): boolean {
    const client: NodeJS.EventEmitter = this.#client
    return this.#handlers.every(([event, handler]) => client.listenerCount(event, handler) > 0)
  }

  #attach(): void {
    const client: NodeJS.EventEmitter = this.#client
    for (const [event, handler] of this.#handlers) client.removeListener(event, handler).on(event, handler)
  }

  #tell(event: ConnectionEvent, argument: unknown): void {
    for (const listener of this.#listeners) listener.heard(event, argument)
  }
}

const repeaters = new WeakMap<PoolClient, Repeater>()

/**
 * Forwards the events of a connection to `listener` until `stopListening`. The connection's own listeners are attached
 * once for its lifetime, since attaching and removing them for each holder would cost more than a statement.
 */
export function listenTo(client: PoolClient, listener: ConnectionListener): void {
  let repeater = repeaters.get(client)
  if (repeater === undefined) repeaters.set(client, (repeater = new Repeater(client)))
  repeater.add(listener)
}

export function stopListening(client: PoolClient, listener: ConnectionListener): void {
  repeaters.get(client)?.remove(listener)
}
