import type { PoolClient } from 'pg'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'

/** Receives what node-postgres answered, untouched. */
export type Done = (error: Error | undefined, result?: unknown) => void

/** Sends one statement over a connection. May be called once per candidate of a plan. */
export type Send = (client: PoolClient, done: Done) => void

/** What execution tells, for statistics and for the monitor. */
export interface ExecutionListener {
  /** A statement is being sent to this node. */
  sent(node: NodeView): void
  /** A proven read got its answer, or an error of its own, from this node. */
  readAnswered(node: NodeView): void
  /** The node, or the way to it, failed, or it is no longer what it was taken for. */
  nodeFailed(node: NodeView, error: Error): void
  /** A replica failed a read for want of disk, memory or sound data, and another node did better. */
  nodeSick(this: void, node: NodeView, error: Error): void
  /** A read goes to a replica with a bad record, because nobody else can serve it. */
  lastResort(): void
  /** A read meets no other node because retries have used up their budget. */
  retriesSpent(): void
  /** A read that belongs to replicas found no place on the primary in time. */
  spillRefused(): void
}

/** What execution asks of the cluster. */
export interface Cluster {
  readonly snapshot: Snapshot
  primary(): NodeView | undefined
  /** Resolves with true when there is a primary, with false after `timeoutMs`, or at once when waiting is in vain. */
  awaitPrimary(timeoutMs: number): Promise<boolean>
  /** Resolves with a plan that has a step, or, after `timeoutMs` or when waiting is in vain, with one that has none. */
  awaitPlan(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /** As `awaitPlan`, for a plan that begins with a replica: one that has caught up with the session. */
  awaitReplica(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /** Has this node probed now, for decisions to come. */
  lookSoon(node: NodeView): void
  /** Why no node can take a statement. */
  unavailable(): Error
}
