import type { Platform } from '../platform/platform.ts'
import type { Admission, Health } from '../selection/health.ts'
import type { NodeId } from '../topology/node.ts'
import { admission, CLOSED, transition, type Breaker, type BreakerEvent } from './breaker.ts'

export interface HealthListener {
  /** A node failed again and again, and gets no reads for a while. */
  ejected(node: NodeId, forMs: number): void
}

interface Entry {
  breaker: Breaker
  /** Reads that were sent and have not ended, and connections that are held. */
  inFlight: number
}

/** Keeps every node's recent record. */
export class HealthBook implements Health {
  readonly #platform: Platform
  readonly #listener: HealthListener
  readonly #entries = new Map<NodeId, Entry>()

  constructor(platform: Platform, listener: HealthListener) {
    this.#platform = platform
    this.#listener = listener
  }

  admission(id: NodeId, nowMs: number): Admission {
    const entry = this.#entries.get(id)
    return entry === undefined ? 'admitted' : admission(entry.breaker, entry.inFlight, nowMs)
  }

  inFlight(id: NodeId): number {
    return this.#entries.get(id)?.inFlight ?? 0
  }

  /** A read is on its way to the node. */
  started(id: NodeId): void {
    this.#entry(id).inFlight += 1
  }

  /** It ended: the node answered, whatever it said, or failed. */
  ended(id: NodeId, answered: boolean): void {
    const entry = this.#entries.get(id)
    // The node was forgotten while the read was under way, and may have come anew since.
    if (entry === undefined || entry.inFlight === 0) return
    entry.inFlight -= 1
    if (answered && entry.breaker === CLOSED) return
    this.#apply(
      id,
      entry,
      answered ? { type: 'answered' } : { type: 'failed', chance: this.#platform.random() },
    )
  }

  /** It was not sent after all, which says nothing of the node. */
  withdrawn(id: NodeId): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined && entry.inFlight > 0) entry.inFlight -= 1
  }

  /**
   * A connection to the node is held on, behind a read that has ended. What is returned is to be called when it is given
   * back.
   */
  held(id: NodeId): () => void {
    const entry = this.#entry(id)
    entry.inFlight += 1
    return () => {
      if (this.#entries.get(id) === entry) entry.inFlight -= 1
    }
  }

  /** The node was down, and is up again. */
  returned(id: NodeId): void {
    this.#apply(id, this.#entry(id), { type: 'returned' })
  }

  /** The node is no longer one of the cluster's. */
  forget(id: NodeId): void {
    this.#entries.delete(id)
  }

  #apply(id: NodeId, entry: Entry, event: BreakerEvent): void {
    const nowMs = this.#platform.now()
    const before = entry.breaker
    entry.breaker = transition(before, event, nowMs)
    if (entry.breaker.name === 'open' && entry.breaker !== before) {
      this.#listener.ejected(id, entry.breaker.untilMs - nowMs)
    }
  }

  #entry(id: NodeId): Entry {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      entry = { breaker: CLOSED, inFlight: 0 }
      this.#entries.set(id, entry)
    }
    return entry
  }
}
