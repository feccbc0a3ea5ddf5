import type { NodeId } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'

/** How a read that was sent to a node ended. */
export interface ReadOutcome {
  /** From the decision for the node to its answer, waiting for a connection included, in milliseconds. */
  readonly elapsedMs: number
  /** What reads of the same text took of late, whatever their node, in milliseconds. */
  readonly expectedMs: number
  /** False when the node failed to answer. An error that the statement itself caused is an answer. */
  readonly answered: boolean
}

/** What a balancer may go by besides the candidates, whose weight, tags and lag it sees. */
export interface BalancerContext {
  readonly nowMs: number
  /** A number in [0, 1). */
  readonly random: () => number
  /** Reads at this node that have not ended, and read-only transactions that are open there. */
  readonly inFlight: (id: NodeId) => number
}

/**
 * Orders eligible replicas. It sees only replicas that may serve the read, and learns through `started` and `ended`.
 * Implement this to bring a policy of your own.
 */
export interface Balancer {
  /** Best first. Must not change anything: `explain()` calls it too. `candidates` is never empty. */
  order(candidates: readonly NodeView[], context: BalancerContext): readonly NodeView[]
  /** A read is about to be sent to `picked`, out of `candidates`. */
  started?(picked: NodeView, candidates: readonly NodeView[], context: BalancerContext): void
  /** The read that was sent to `picked` ended. */
  ended?(picked: NodeView, outcome: ReadOutcome, nowMs: number): void
}
