import type { NodeView } from '../topology/snapshot.ts'

/** How a read that was sent to a node ended. */
export interface Outcome {
  readonly elapsedMs: number
  /** False when the node failed to answer. An error that the statement itself caused is an answer. */
  readonly answered: boolean
}

/**
 * Orders eligible replicas. It sees only replicas that may serve the read, and learns through `started` and `ended`.
 * Implement this to bring a policy of your own.
 */
export interface Balancer {
  /** Best first. Must not change anything: `explain()` calls it too. `candidates` is never empty. */
  order(candidates: readonly NodeView[], random: () => number): readonly NodeView[]
  /** A read was sent to `picked`, out of `candidates`. */
  started?(picked: NodeView, candidates: readonly NodeView[]): void
  /** The read that was sent to `picked` ended. */
  ended?(picked: NodeView, outcome: Outcome): void
}
