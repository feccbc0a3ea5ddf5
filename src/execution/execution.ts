import type { Position } from '../consistency/position.ts'
import type { ServerNode } from '../nodes/server-node.ts'
import type { RetryReason, SpillReason, Subject, Trace, WaitReason } from '../nodes/trace.ts'
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

/** Events of execution, for statistics and the monitor. */
export interface ExecutionListener {
  /**
   * A statement is sent to this node.
   * @param askedAtMs When its connection was requested. Absent on a lane
   */
  sent(node: NodeView, trace: Trace | undefined, askedAtMs?: number): void
  /** A statement has waited before it was sent. */
  waited(this: void, reason: WaitReason, sinceMs: number, trace: Trace | undefined): void
  /** A statement that this node has failed is sent again. */
  retried(node: NodeView, reason: RetryReason, error: Error, trace: Trace | undefined): void
  /** The primary runs a proven read in place of a replica. */
  spilled(reason: SpillReason, trace: Trace | undefined, subject: Subject | undefined): void
  /** A node has answered a statement, possibly with an error of the statement. */
  answered(node: NodeView, sinceMs: number): void
  /** This node answered a proven read, with rows or an error of the statement. */
  readAnswered(node: NodeView): void
  /** The node or the network failed, or the node has changed its role. */
  nodeFailed(node: NodeView, error: Error): void
  /** A replica failed a read because of its disk, memory or data, and another node answered it. */
  nodeSick(this: void, node: NodeView, error: Error): void
  /** A read goes to an ejected or unmeasured replica because no other node can serve it. */
  lastResort(): void
  /** A read is not retried because the retry budget is spent. */
  retriesSpent(): void
  /** A read for replicas got no slot on the primary in time. */
  spillRefused(): void
}

/** The part of the cluster that execution needs. */
export interface Cluster {
  readonly snapshot: Snapshot
  primary(): NodeView | undefined
  /**
   * Plans a route on the current snapshot.
   * @param tags Tags that a node must have to serve a read.
   * @param joins Replica at which the read would share a connection with others that are in flight.
   */
  plan(route: Route, tags: Tags | undefined, joins?: NodeId): QueryPlan
  /** Judges the server that was reached at a node's address by its own observation. */
  reached(route: Route, node: NodeView, observation: Observation): Reached
  /** Resolves with true when there is a primary, with false after `timeoutMs`, or at once when waiting is pointless. */
  awaitPrimary(timeoutMs: number): Promise<boolean>
  /** Resolves with a plan that has a step; without steps after `timeoutMs` or when waiting is pointless. */
  awaitPlan(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /** Like `awaitPlan`, for a plan that starts with a replica that has caught up with the session. */
  awaitReplica(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan>
  /**
   * Notes that no replica was proven fresh enough for a read, so that newer positions of the replicas are read soon.
   * May be called for each such read.
   */
  follow(): void
  /** Starts a probe of this node, for later decisions. */
  lookAt(id: NodeId): Promise<unknown>
  /** Returns the error for statements that no node can take. */
  unavailable(): Error
}

/** Limits of execution. */
export interface ExecutionLimits {
  /** Timeout of one candidate of a read, in milliseconds. Absent: no limit while the node answers its probes. */
  readonly readTimeoutMs: number | undefined
  /** How long to retry after the first failure, in milliseconds. */
  readonly failoverTimeoutMs: number
  /** How long to wait for a replica to catch up with the session before using the primary, in milliseconds. */
  readonly catchUpTimeoutMs: number
  readonly primarySpill: { readonly places: number; readonly over: 'wait' | 'fail' }
}

/** Parts that all executors of a pool share. */
export interface Surroundings {
  /** Returns undefined when the node has been removed. */
  readonly nodeOf: (id: NodeId) => ServerNode | undefined
  readonly balancer: Balancer
  readonly cluster: Cluster
  /**
   * Reads a position on the primary at or after everything committed before the call. Never rejects, and has a timeout.
   */
  readonly committed: () => Promise<Position | undefined>
  readonly health: HealthBook
  readonly listener: ExecutionListener
  readonly platform: Platform
}
