import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { inThisContext } from './platform/async-context.ts'

const NAMES = ['notice', 'notification', 'end', 'error'] as const
type Name = (typeof NAMES)[number]

/** Shows what happens on borrowed connections as events of the client that has borrowed them. */
export class ForwardedEvents {
  readonly #forward: Readonly<Record<Name, (argument: unknown) => void>>

  /** To be called in the async context of whoever checked the client out, and not of whoever opened the connection. */
  constructor(target: EventEmitter) {
    this.#forward = {
      notice: inThisContext((notice) => void target.emit('notice', notice)),
      notification: inThisContext((notification) => void target.emit('notification', notification)),
      end: inThisContext(() => void target.emit('end')),
      // The statement that runs gets the error as well; nobody has to listen here.
      error: inThisContext(
        (error) => void (target.listenerCount('error') > 0 && target.emit('error', error)),
      ),
    }
  }

  from(client: PoolClient): void {
    for (const name of NAMES) client.on(name, this.#forward[name])
  }

  stop(client: PoolClient): void {
    for (const name of NAMES) client.removeListener(name, this.#forward[name])
  }
}
