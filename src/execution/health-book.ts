import type { Platform } from '../platform/platform.ts'
import type { Admission, Health } from '../selection/health.ts'
import type { NodeId } from '../topology/node.ts'
import { retain } from '../topology/retain.ts'
import { admission, CLOSED, transition, type Breaker, type BreakerEvent } from './breaker.ts'

export interface HealthListener {
  /** Called when a node is ejected. */
  ejected(node: NodeId, forMs: number): void
}

interface Entry {
  breaker: Breaker
  /** Number of reads in flight and of held connections. */
  inFlight: number
}

/** The circuit breakers of all nodes. */
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

  /** Records a read that is sent to the node. */
  started(id: NodeId): void {
    this.#entry(id).inFlight += 1
  }

  /** Records its end: the node has answered or failed. */
  ended(id: NodeId, answered: boolean): void {
    const entry = this.#entries.get(id)
    // The node was removed during the read, and may have been added again since.
    if (entry === undefined || entry.inFlight === 0) return
    entry.inFlight -= 1
    if (answered && entry.breaker === CLOSED) return
    this.#apply(
      id,
      entry,
      answered ? { type: 'answered' } : { type: 'failed', chance: this.#platform.random() },
    )
  }

  /** Records that it was not sent after all. */
  withdrawn(id: NodeId): void {
    const entry = this.#entries.get(id)
    if (entry !== undefined && entry.inFlight > 0) entry.inFlight -= 1
  }

  /** Records that a connection is held after its read has ended. Call the returned function on its release. */
  held(id: NodeId): () => void {
    const entry = this.#entry(id)
    entry.inFlight += 1
    return () => {
      if (this.#entries.get(id) === entry) entry.inFlight -= 1
    }
  }

  /** Records that a node that was down is up again. */
  returned(id: NodeId): void {
    this.#apply(id, this.#entry(id), { type: 'returned' })
  }

  /** Forgets all nodes but these. */
  retain(ids: ReadonlySet<NodeId>): void {
    retain(this.#entries, ids)
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
