import type { Platform } from '../platform/platform.ts'
import type { NodeId } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

/** Time for which reads join others at the replica with the largest weight, in milliseconds. */
const LONGEST_MS = 5

export interface ConvoyOptions {
  readonly platform: Pick<Platform, 'now'>
  readonly snapshot: () => Snapshot
  /** Whether a read would travel with others that are in flight on a lane of this node. */
  readonly joins: (id: NodeId, text: string) => boolean
}

/**
 * The replica whose lane carries the reads of this moment. Reads that travel together are cheaper for the process and
 * for the server. So a read joins those that are in flight. After a few milliseconds, in proportion to the replica's
 * weight, the balancer chooses again.
 */
export class Convoy {
  readonly #options: ConvoyOptions
  #at: NodeId | undefined
  #untilMs = 0

  constructor(options: ConvoyOptions) {
    this.#options = options
  }

  /** Notes a read that travels on a lane of this replica. */
  rode(node: NodeView): void {
    const nowMs = this.#options.platform.now()
    if (node.id === this.#at && nowMs < this.#untilMs) return
    this.#at = node.id
    this.#untilMs = nowMs + LONGEST_MS * this.#shareOf(node)
  }

  /** Returns the replica at which a read would join others. */
  placeFor(text: string): NodeId | undefined {
    const { joins, platform } = this.#options
    const at = this.#at
    return at !== undefined && platform.now() < this.#untilMs && joins(at, text) ? at : undefined
  }

  /** Returns the weight of a replica over the largest one. */
  #shareOf({ weight }: NodeView): number {
    let largest = weight
    for (const other of this.#options.snapshot().nodes)
      if (other.role === 'replica' && other.weight > largest) largest = other.weight
    return largest === 0 ? 0 : weight / largest
  }
}
