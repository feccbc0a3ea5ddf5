import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
import type { ShowingProof } from '../consistency/unshown.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import type { Subject, Trace } from '../nodes/trace.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Conversation } from './conversation.ts'
import type { Done } from './execution.ts'

/** Records a read for its session. */
export interface ReadFollower {
  /** Whether it matters which replica has answered, and at which position. */
  readonly isMonotonic: boolean
  /**
   * Called when a node has answered the read, possibly with an error of the statement.
   * @param upTo Position that covers what the node had shown, if it was asked after the answer
   * @param isInstead Whether the primary has answered because the replicas are behind the session
   */
  readonly answered: (node: NodeView, upTo?: Position, isInstead?: boolean) => void
  /** Proof that the primary shows what the session has seen on replicas. Absent when it certainly does. */
  readonly showing: ShowingProof | undefined
}

/** A statement that can be sent over a connection. */
export interface Sendable {
  /** Sends it. May be called once per candidate of a plan. */
  send(client: PoolClient, done: Done): void
  /** The same as data, if it is only a text and values: then it may use a lane and a name. */
  readonly shareable?: ShareableRead | undefined
  /** Custom settings that it makes: only connections that have had no others suit it. Absent: none. */
  readonly custom?: ReadonlySet<string> | undefined
  /** Absent without listeners to single statements. */
  readonly trace?: Trace | undefined
}

/** A proven read outside of a transaction. */
export interface Read extends Sendable {
  /** Plan at the time of the decision. */
  readonly plan: QueryPlan
  /** Returns a plan on the current snapshot. */
  replan(): QueryPlan
  /** Object that represents the text of the read, whose runs take similar times. */
  readonly text?: object | undefined
  /** Position that a replica must have replayed, if it may be checked before the read. */
  readonly position?: Position | undefined
  /** Judges a server behind a shared address by its own observation. */
  reached(node: NodeView, observation: Observation): Reached
  /** Whether another query may be pipelined before it. @defaultValue true */
  readonly canPipeline?: boolean
  readonly follower?: ReadFollower | undefined
  /** The statement, for statistics. */
  readonly subject?: Subject | undefined
  /** Called when a standby rejected the statement because it is a standby: it is not a read, and had no effect. */
  refused(node: NodeView, error: Error): void
  /** Given by a caller who holds a connection to the primary, or wants to keep the replica's. */
  readonly conversation?: Conversation | undefined
}
