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

/** Shows what happens on borrowed connections as events of the client that has borrowed them. */
export class ClientEvents implements ConnectionListener {
  readonly #client: EventEmitter
  readonly #facade: ConnectionFacade
  /** Listeners run in the async context of the caller who has the client, and not in that of who opened the connection. */
  #context = thisContext()

  constructor(client: EventEmitter, facade: ConnectionFacade) {
    this.#client = client
    this.#facade = facade
  }

  /** Another caller has the client now. */
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
    // The client has a drain of its own.
    if (event === 'drain') return
    const client = this.#client
    // The statement that runs gets the error as well; nobody has to listen here.
    if (event === 'error' && client.listenerCount('error') === 0) return
    this.#context.runInAsyncScope(() => {
      if (event === 'end') client.emit(event)
      else client.emit(event, argument)
    })
  }

  /** Shows its messages only. */
  follow(client: PoolClient): void {
    this.#facade.follow(client)
  }

  unfollow(client: PoolClient): void {
    this.#facade.leave(client)
  }

  /** What its messages say is shown while one statement has a connection, if somebody listens. */
  around(send: Send): Send {
    if (!this.#facade.isHeard) return send
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
