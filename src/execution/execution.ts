import type { Position } from '../consistency/position.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import type { Platform } from '../platform/platform.ts'
import type { Route } from '../routing/route.ts'
import type { Balancer } from '../selection/balancer.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import type { Done, Send } from '../nodes/exchange.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Tags } from '../topology/tags.ts'
import type { HealthBook } from './health-book.ts'

export type { Done, Send }

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
  /** Candidates for a route as of now. @param tags Tags that a node must have to serve a read. */
  plan(route: Route, tags: Tags | undefined): QueryPlan
  /** Judges the server that was reached at the address of a node by its own words. */
  reached(route: Route, node: NodeView, observation: Observation): Reached
  /** Resolves with true when there is a primary, with false after `timeoutMs`, or at once when waiting is in vain. */
  awaitPrimary(timeoutMs: number): Promise<boolean>
  /** Resolves with a plan that has a step, or, after `timeoutMs` or when waiting is in vain, with one that has none. */
  awaitPlan(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /** As `awaitPlan`, for a plan that begins with a replica: one that has caught up with the session. */
  awaitReplica(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /** Has this node probed now, for decisions to come. */
  lookAt(id: NodeId): Promise<unknown>
  /** Why no node can take a statement. */
  unavailable(): Error
}

/** Bounds of time and number, in milliseconds and reads at once. */
export interface ExecutionLimits {
  /** How long one candidate of a read may take. Absent: as long as the node answers its probes. */
  readonly readTimeoutMs: number | undefined
  /** How long after the first failure to go on trying. */
  readonly failoverTimeoutMs: number
  /** How long to wait for a replica to catch up with the session before the primary is asked. */
  readonly catchUpTimeoutMs: number
  readonly primarySpill: { readonly places: number; readonly over: 'wait' | 'fail' }
}

/** The surroundings that all executors of a pool have in common. */
export interface Surroundings {
  /** Absent when the node is no longer one of the cluster's. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly balancer: Balancer
  readonly cluster: Cluster
  /** Asks for a position of the primary at or after everything that has been committed by now. Never rejects, and is bounded in time. */
  readonly committed: () => Promise<Position | undefined>
  readonly health: HealthBook
  readonly listener: ExecutionListener
  readonly platform: Platform
}
