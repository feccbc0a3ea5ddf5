import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import type { Done, Send } from '../execution/execution.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { ConnectionFacade } from './connection-facade.ts'

const NAMES = ['notice', 'notification', 'end', 'error'] as const
type Name = (typeof NAMES)[number]
type Forward = Readonly<Record<Name, (argument: unknown) => void>>

/** Shows what happens on borrowed connections as events of the client that has borrowed them. */
export class ClientEvents {
  readonly #client: EventEmitter
  readonly #facade: ConnectionFacade
  #forward: Forward

  constructor(client: EventEmitter, facade: ConnectionFacade) {
    this.#client = client
    this.#facade = facade
    this.#forward = this.#inThisContext()
  }

  /** Somebody else has the client now: listeners run in his async context, and not in that of who opened the connection. */
  renew(): void {
    this.#forward = this.#inThisContext()
  }

  from(client: PoolClient): void {
    for (const name of NAMES) client.on(name, this.#forward[name])
    this.#facade.follow(client)
  }

  stop(client: PoolClient): void {
    for (const name of NAMES) client.removeListener(name, this.#forward[name])
    this.#facade.leave(client)
  }

  /** Shows its messages only. */
  follow(client: PoolClient): void {
    this.#facade.follow(client)
  }

  unfollow(client: PoolClient): void {
    this.#facade.leave(client)
  }

  /** Sends a statement so that the messages of its connection are shown meanwhile; `undefined` while nobody listens. */
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

  #inThisContext(): Forward {
    const client = this.#client
    return {
      notice: inThisContext((notice) => void client.emit('notice', notice)),
      notification: inThisContext((notification) => void client.emit('notification', notification)),
      end: inThisContext(() => void client.emit('end')),
      // The statement that runs gets the error as well; nobody has to listen here.
      error: inThisContext(
        (error) => void (client.listenerCount('error') > 0 && client.emit('error', error)),
      ),
    }
  }
}
