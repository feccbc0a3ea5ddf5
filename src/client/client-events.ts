import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import type { Done, Send } from '../execution/execution.ts'
import {
  listenTo,
  stopListening,
  type ConnectionEvent,
  type ConnectionListener,
} from '../nodes/connection-events.ts'
import { thisContext } from '../platform/async-context.ts'
import type { ConnectionFacade } from './connection-facade.ts'

/** Re-emits the events of borrowed connections on the client that has borrowed them. */
export class ClientEvents implements ConnectionListener {
  readonly #client: EventEmitter
  readonly #facade: ConnectionFacade
  /** Runs listeners in the async context of the client's holder, not in that of the code that opened the connection. */
  #context = thisContext()

  constructor(client: EventEmitter, facade: ConnectionFacade) {
    this.#client = client
    this.#facade = facade
  }

  /** Records a new holder of the client. */
  renew(): void {
    this.#context = thisContext()
  }

  from(client: PoolClient): void {
    listenTo(client, this)
    this.#facade.follow(client)
  }

  stop(client: PoolClient): void {
    stopListening(client, this)
    this.#facade.leave(client)
  }

  heard(event: ConnectionEvent, argument: unknown): void {
    // The client emits its own `drain`.
    if (event === 'drain') return
    const client = this.#client
    // The running statement gets the error as well, so a listener is optional.
    if (event === 'error' && client.listenerCount('error') === 0) return
    this.#context.runInAsyncScope(() => {
      if (event === 'end') client.emit(event)
      else client.emit(event, argument)
    })
  }

  /** Re-emits only protocol messages. */
  follow(client: PoolClient): void {
    this.#facade.follow(client)
  }

  unfollow(client: PoolClient): void {
    this.#facade.leave(client)
  }

  /**
   * Sends a statement so that the messages of its connection are shown meanwhile. `undefined` without listeners: only a
   * read that is sent as its query sends itself may share a connection.
   */
  around(send: Send): Send | undefined {
    if (!this.#facade.isHeard) return undefined
    return (client, done) => {
      this.#facade.follow(client)
      const left: Done = (error, result) => {
        this.#facade.leave(client)
        done(error, result)
      }
      send(client, left)
    }
  }
}
