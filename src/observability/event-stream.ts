import { EventEmitter } from 'node:events'
import { channels, STATEMENT_CHANNELS, STATEMENT_EVENTS } from './channels.ts'
import { eventError } from './event-error.ts'
import type { RouterEventEmitter, RouterEvents } from './events.ts'
import type { Tell } from './tell.ts'

/**
 * The events of one pool. Each goes to the listeners of `pool.events`, and to the subscribers of its channel, whose
 * message names the pool besides. An exception of a listener becomes an uncaught exception.
 */
export class EventStream {
  readonly events: RouterEventEmitter = new Emitter((name) => this.#added(name))
  readonly pool: string
  /** False while no listener of a single statement can have been added. */
  #mayHear = false

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

  /** Whether anybody listens to single statements. Asked for each of them. */
  get hearsStatements(): boolean {
    for (const channel of STATEMENT_CHANNELS) if (channel.hasSubscribers) return true
    if (!this.#mayHear) return false
    this.#mayHear = STATEMENT_EVENTS.some((name) => this.events.listenerCount(name) > 0)
    return this.#mayHear
  }

  #added(name: string | symbol): void {
    this.#mayHear ||= STATEMENT_EVENTS.includes(name as keyof RouterEvents)
  }
}

/** An emitter that reports each new listener, before it is added. */
class Emitter extends EventEmitter<RouterEvents> {
  readonly #added: (name: string | symbol) => void

  constructor(added: (name: string | symbol) => void) {
    super()
    this.#added = added
    this.#watch()
  }

  override removeAllListeners(name?: unknown): this {
    super.removeAllListeners(...((name === undefined ? [] : [name]) as []))
    if (name === undefined || name === 'newListener') this.#watch()
    return this
  }

  #watch(): void {
    ;(this as EventEmitter).on('newListener', this.#added)
  }
}

function withoutValues(argument: object): object {
  const { cause, ...fields } = argument as { readonly cause?: unknown }
  return cause === undefined ? fields : { ...fields, cause: eventError(cause) }
}
