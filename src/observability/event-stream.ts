import { EventEmitter } from 'node:events'
import { channels, isTraced, queryChannel, STATEMENT_EVENTS } from './channels.ts'
import { eventError } from './event-error.ts'
import type { RouterEventEmitter, RouterEvents } from './events.ts'
import type { Tell } from './tell.ts'

/**
 * The events of one pool. Each goes to the listeners of `pool.events`, and to the subscribers of its channel, whose
 * message names the pool besides. An exception of a listener becomes an uncaught exception.
 */
export class EventStream {
  readonly events: RouterEventEmitter = new EventEmitter()
  readonly pool: string

  /** @param pool Name of the pool in messages. */
  constructor(pool: string) {
    this.pool = pool
  }

  readonly tell: Tell = (name, ...args) => {
    const channel = channels[name]
    const [argument] = args as readonly (object | undefined)[]
    const shown = argument !== undefined && 'cause' in argument ? withoutValues(argument) : argument
    try {
      ;(this.events as EventEmitter).emit(name, ...(shown === undefined ? [] : [shown]))
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
    if (channel.hasSubscribers) channel.publish({ pool: this.pool, ...shown })
  }

  /** Whether anybody listens to an event. */
  hears(name: keyof RouterEvents): boolean {
    return channels[name].hasSubscribers || this.events.listenerCount(name) > 0
  }

  /** Whether anybody listens to single statements. */
  get hearsStatements(): boolean {
    if (isTraced(queryChannel)) return true
    for (const name of STATEMENT_EVENTS) if (this.hears(name)) return true
    return false
  }
}

function withoutValues(argument: object): object {
  const { cause, ...fields } = argument as { readonly cause?: unknown }
  return cause === undefined ? fields : { ...fields, cause: eventError(cause) }
}
