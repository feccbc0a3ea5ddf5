import type { Route } from '../routing/route.ts'
import type { QueryPlan, StepReason } from '../selection/query-plan.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'

/**
 * Reason why a statement waits before it is sent.
 *
 * @example
 * const counts = new Map<WaitReason, number>()
 * pool.events.on('wait', ({ reason }) => counts.set(reason, (counts.get(reason) ?? 0) + 1))
 */
export type WaitReason =
  /** The nodes have not been looked at yet, or not since the pool rested. */
  | 'first-look'
  /** The catalog is being loaded or refreshed, and may change the classification. */
  | 'catalog'
  /** The position that its session must see is being asked for. */
  | 'position'
  /** Its session goes to another replica, which has to show what the last one has shown. */
  | 'replica-change'
  /** No replica shows yet what its session has written or seen. */
  | 'catch-up'
  /** No node can take it: a failover may be in progress. */
  | 'candidate'
  /** It runs on the primary in place of a replica, and all slots of `primarySpill` are taken. */
  | 'spill-slot'
  /** All permits of its tier are taken. */
  | 'permit'
  /** No connection is free, or one is being opened. */
  | 'connection'

/**
 * Reason why a statement is sent again, or to another node than planned.
 *
 * @example
 * const counts = new Map<RetryReason, number>()
 * pool.events.on('retry', ({ reason }) => counts.set(reason, (counts.get(reason) ?? 0) + 1))
 */
export type RetryReason =
  /** The node or the network failed. */
  | 'node'
  /** The node is an old primary, or a replica that has restarted. */
  | 'fenced'
  /** The node has no free connection. */
  | 'busy'
  /** The queue of its tier at the node is full. */
  | 'full'
  /** A standby cancelled the read because of a recovery conflict. */
  | 'recovery-conflict'
  /** The replica may have a problem with its disk, memory or data. */
  | 'sick'
  /** The primary was demoted and rejected the statement; another node is the primary now. */
  | 'standby-refusal'
  /** The replica returned an error that the primary may not return, because it is behind. */
  | 'statement'

/**
 * Reason why a proven read runs on the primary in place of a replica.
 *
 * @example
 * const counts = new Map<SpillReason, number>()
 * pool.events.on('spill', ({ reason }) => counts.set(reason, (counts.get(reason) ?? 0) + 1))
 */
export type SpillReason = Extract<StepReason, 'fallback' | 'sooner'>

/**
 * Reason why a read that a replica rejected runs on the primary.
 *
 * @example
 * const counts = new Map<RepairReason, number>()
 * pool.events.on('repair', ({ reason }) => counts.set(reason, (counts.get(reason) ?? 0) + 1))
 */
export type RepairReason =
  /** A standby rejected the statement because it is a standby. */
  | 'statement'
  /** The replica rejected a setting of its session. */
  | 'setting'
  /** The replica rejected a statement of an `acquire` listener. */
  | 'hook'

/** A statement with its text. */
export interface Subject {
  readonly statement: Statement
  readonly sql: string | undefined
}

/** Parts of a decision that a trace records. */
export interface Traced {
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
}

/** Follows one statement from its call to its answer. Exists only while there are listeners. */
export interface Trace {
  decided(decision: Traced): void
  /** Records that it is sent to this node. The last one answers. */
  sent(node: NodeView): void
  /** Records that it waits from now on. */
  waits(reason: WaitReason): void
  /** Records that it has waited for at least 1 ms. */
  waited(reason: WaitReason, ms: number): void
  /** @param node Node that has failed it */
  retried(node: NodeView, reason: RetryReason, error: Error): void
  /** @param node Replica that has rejected it */
  repaired(node: NodeView, reason: RepairReason, error: Error): void
  spilled(reason: SpillReason): void
}
