import { createPool, type Pool } from 'generic-pool'
import { inThisContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import type { Tier } from './tier.ts'
import { tierFullError, tierTimeoutError } from './tier-errors.ts'

export interface PermitsOptions {
  readonly node: NodeId
  /** How many connections the node's pool opens at most. */
  readonly max: number
  /** Priorities are below this. */
  readonly priorities: number
  readonly platform: Platform
}

/** Receives why there is no permit, or how to give it back. */
export type Granted = (error: Error | undefined, leave: () => void) => void

interface Ticket {
  readonly tier: Tier
  readonly granted: Granted
  /** False once it was granted, is overdue, or is not wanted any more. */
  isWanted: boolean
  timer: Timer | undefined
  release: (() => void) | undefined
}

/** One tier at one node. */
interface Counter {
  readonly places: number
  inside: number
  readonly waiting: Set<Ticket>
}

/**
 * One node's permits to ask for a connection: as many as it has connections. A tier has no more than its share at once,
 * whatever the others do; where shares overlap, the priority queue of generic-pool says who is next.
 */
export class Permits {
  readonly #options: PermitsOptions
  readonly #gate: Pool<object>
  readonly #counters = new Map<string, Counter>()
  #inside = 0

  constructor(options: PermitsOptions) {
    this.#options = options
    const { max, priorities } = options
    const factory = { create: async () => ({}), destroy: async () => {} }
    this.#gate = createPool<object>(factory, { max, priorityRange: priorities })
  }

  /**
   * Calls back once: with a permit when it is the tier's turn, or with `SWITCHYARD_TIER_FULL` or `SWITCHYARD_TIER_TIMEOUT`.
   * What is returned withdraws the question.
   */
  ask(tier: Tier, granted: Granted): () => void {
    const counter = this.#counterOf(tier)
    const hasPlace = counter.inside < counter.places && counter.waiting.size === 0
    if (!hasPlace && counter.waiting.size >= tier.maxQueue) {
      granted(tierFullError(tier, this.#options.node), nothing)
      return nothing
    }
    const waits = !hasPlace || this.#inside >= this.#options.max
    const ticket: Ticket = {
      tier,
      // Whoever leaves calls the next one, in a context of his own.
      granted: waits ? inThisContext(granted) : granted,
      isWanted: true,
      timer: undefined,
      release: undefined,
    }
    if (waits) this.#wait(ticket, counter)
    if (hasPlace) this.#enter(ticket, counter)
    else counter.waiting.add(ticket)
    return () => this.#over(ticket, counter)
  }

  #wait(ticket: Ticket, counter: Counter): void {
    const { node, platform } = this.#options
    const { maxWaitMs } = ticket.tier
    ticket.release = platform.holdOpen()
    if (maxWaitMs === undefined) return
    ticket.timer = deadline(platform, maxWaitMs, () => {
      this.#over(ticket, counter)
      ticket.granted(tierTimeoutError(ticket.tier, node), nothing)
    })
  }

  #enter(ticket: Ticket, counter: Counter): void {
    counter.inside += 1
    this.#inside += 1
    void this.#gate.acquire(ticket.tier.priority).then((permit) => {
      const leave = once(() => this.#leave(permit, counter))
      // generic-pool cannot be told that somebody has gone.
      if (!ticket.isWanted) return leave()
      this.#over(ticket, counter)
      ticket.granted(undefined, leave)
    })
  }

  #leave(permit: object, counter: Counter): void {
    void this.#gate.release(permit)
    this.#inside -= 1
    counter.inside -= 1
    const [next] = counter.waiting
    if (next === undefined) return
    counter.waiting.delete(next)
    this.#enter(next, counter)
  }

  #over(ticket: Ticket, counter: Counter): void {
    ticket.isWanted = false
    ticket.timer?.cancel()
    ticket.release?.()
    counter.waiting.delete(ticket)
  }

  #counterOf({ name, share }: Tier): Counter {
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      const places = Math.max(1, Math.floor(share * this.#options.max))
      counter = { places, inside: 0, waiting: new Set() }
      this.#counters.set(name, counter)
    }
    return counter
  }
}

function nothing(): void {}

function once(fn: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) fn()
    isDone = true
  }
}
