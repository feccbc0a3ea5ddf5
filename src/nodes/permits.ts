import { inThisContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import { PermitQueue } from './permit-queue.ts'
import type { Tier } from './tier.ts'
import { tierFullError, tierTimeoutError } from './tier-errors.ts'

export interface PermitsOptions {
  readonly node: NodeId
  /** Maximum number of connections of the node's pool. */
  readonly max: number
  /** Number of priorities. */
  readonly priorities: number
  readonly platform: Platform
}

/** Receives an error or a function that returns the permit. */
export type Granted = (error: Error | undefined, leave: () => void) => void

interface Ticket {
  readonly tier: Tier
  readonly granted: Granted
  /** False once the request was granted, timed out or was withdrawn. */
  isWanted: boolean
  timer: Timer | undefined
  release: (() => void) | undefined
}

/** Counters of one tier at one node. */
interface Counter {
  readonly places: number
  inside: number
  readonly waiting: Set<Ticket>
}

/**
 * One node's permits to request a connection: as many as it has connections. A tier never has more than its share at
 * once. When shares overlap, the priority queue of generic-pool decides which tier is next.
 */
export class Permits {
  readonly #options: PermitsOptions
  readonly #gate: PermitQueue
  readonly #counters = new Map<string, Counter>()
  #inside = 0

  constructor(options: PermitsOptions) {
    this.#options = options
    const { max, priorities } = options
    this.#gate = new PermitQueue(max, priorities)
  }

  /**
   * Requests a permit. Calls back once: with the permit when it is the tier's turn, or with `SWITCHYARD_TIER_FULL` or
   * `SWITCHYARD_TIER_TIMEOUT`. Returns a function that withdraws the request.
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
      // The leaving caller calls the next one, in its own async context.
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
    void this.#gate.take(ticket.tier.priority).then((permit) => {
      const leave = once(() => this.#leave(permit, counter))
      // generic-pool cannot remove a waiting caller.
      if (!ticket.isWanted) return leave()
      this.#over(ticket, counter)
      ticket.granted(undefined, leave)
    })
  }

  #leave(permit: object, counter: Counter): void {
    this.#gate.giveBack(permit)
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
