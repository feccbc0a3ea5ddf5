import { EventEmitter } from 'node:events'
import { channels, STATEMENT_CHANNELS, STATEMENT_EVENTS } from './channels.ts'
import { eventError } from './event-error.ts'
import type { RouterEventEmitter, RouterEvents } from './events.ts'
import type { Tell } from './tell.ts'

const LEASE_EVENTS = ['connectionReturned', 'connectionTimedOut'] as const
const LEASE_CHANNELS = LEASE_EVENTS.map((name) => channels[name])

/**
 * The events of one pool. Each goes to the listeners of `pool.events`, and to the subscribers of its channel, whose
 * message names the pool besides. An exception of a listener becomes an uncaught exception.
 */
export class EventStream {
  readonly pool: string
  /** Whether `pool.events` has listeners of single statements, and of leases. Kept, because each statement reads it. */
  #hasListeners = false
  #hasLeaseListeners = false
  #isCounted = true
  readonly events: RouterEventEmitter = new Emitter(() => (this.#isCounted = false))

  /** @param pool Name of the pool in messages. */
  constructor(pool: string) {
    this.pool = pool
  }

  readonly tell: Tell = (name, ...args) => {
    const channel = channels[name]
    const argument = args[0] as object | undefined
    const shown = argument !== undefined && 'cause' in argument ? withoutValues(argument) : argument
    try {
      if (shown === undefined) (this.events as EventEmitter).emit(name)
      else (this.events as EventEmitter).emit(name, shown)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
    if (!channel.hasSubscribers) return
    // The message of a statement names its pool already.
    channel.publish(shown !== undefined && 'pool' in shown ? shown : { pool: this.pool, ...shown })
  }

  /** Whether anybody listens to an event. */
  hears(name: keyof RouterEvents): boolean {
    return channels[name].hasSubscribers || this.events.listenerCount(name) > 0
  }

  /** Whether anybody listens to single statements. Asked for each of them. */
  get hearsStatements(): boolean {
    if (!this.#isCounted) this.#count()
    if (this.#hasListeners) return true
    for (const channel of STATEMENT_CHANNELS) if (channel.hasSubscribers) return true
    return false
  }

  /** Whether anybody listens to the events of leases. Asked for each lease. */
  get hearsLeases(): boolean {
    if (!this.#isCounted) this.#count()
    return this.#hasLeaseListeners || LEASE_CHANNELS.some((channel) => channel.hasSubscribers)
  }

  #count(): void {
    this.#isCounted = true
    const { events } = this
    this.#hasListeners = STATEMENT_EVENTS.some((name) => events.listenerCount(name) > 0)
    this.#hasLeaseListeners = LEASE_EVENTS.some((name) => events.listenerCount(name) > 0)
  }
}

/** An emitter that reports changes of its listeners: a new one before it is added, one that is gone after that. */
class Emitter extends EventEmitter<RouterEvents> {
  readonly #changed: () => void

  constructor(changed: () => void) {
    super()
    this.#changed = changed
    this.#watch()
  }

  override removeAllListeners(name?: unknown): this {
    super.removeAllListeners(...((name === undefined ? [] : [name]) as []))
    this.#changed()
    if (name === undefined || name === 'newListener' || name === 'removeListener') this.#watch()
    return this
  }

  #watch(): void {
    for (const name of ['newListener', 'removeListener']) {
      ;(this as EventEmitter).off(name, this.#changed)
      ;(this as EventEmitter).on(name, this.#changed)
    }
  }
}

function withoutValues(argument: object): object {
  const { cause, ...fields } = argument as { readonly cause?: unknown }
  return cause === undefined ? fields : { ...fields, cause: eventError(cause) }
}
