import type { NodeId } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'

/**
 * Result of a read that was sent to a node.
 *
 * @example
 * const isSlow = ({ elapsedMs, expectedMs }: ReadOutcome) => elapsedMs > 2 * expectedMs
 */
export interface ReadOutcome {
  /** Time from the choice of the node to its answer, including the wait for a connection, in milliseconds. */
  readonly elapsedMs: number
  /** Recent average time of reads with the same text on all nodes, in milliseconds. */
  readonly expectedMs: number
  /** False when the node failed. An error caused by the statement itself counts as an answer. */
  readonly answered: boolean
}

/**
 * Input of a balancer in addition to the candidates with their weight, tags and lag.
 *
 * @example
 * const idle = (id: string, { inFlight }: BalancerContext) => inFlight(id) === 0
 */
export interface BalancerContext {
  readonly nowMs: number
  /** A number in [0, 1). */
  readonly random: () => number
  /** Number of running reads and open read-only transactions at the node. */
  readonly inFlight: (id: NodeId) => number
  /**
   * Replica at which the read would share a connection with others that are in flight, which is cheaper. It changes
   * after a few milliseconds, so that all replicas get their share. Undefined when there is none.
   */
  readonly joins?: NodeId | undefined
}

/**
 * Orders eligible replicas. It sees only replicas that may serve the read, and learns through `started` and `ended`.
 * Implement this interface for a policy of your own.
 *
 * @example
 * const inOrder: Balancer = { order: (candidates) => candidates }
 */
export interface Balancer {
  /**
   * Returns the candidates, best first. Must have no side effects: `explain()` calls it too. `candidates` is never
   * empty.
   */
  order(candidates: readonly NodeView[], context: BalancerContext): readonly NodeView[]
  /** A read is about to be sent to `picked`, out of `candidates`. */
  started?(picked: NodeView, candidates: readonly NodeView[], context: BalancerContext): void
  /** The read that was sent to `picked` ended. */
  ended?(picked: NodeView, outcome: ReadOutcome, nowMs: number): void
}
