import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
import type { Showing } from '../consistency/unshown.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Conversation } from './conversation.ts'
import type { Done } from './execution.ts'

/** Follows a read on behalf of its session. */
export interface ReadFollower {
  /** Whether it matters which replica has answered, and how far that was. */
  readonly isMonotonic: boolean
  /**
   * This node has answered the read, with an error of its own perhaps.
   * @param upTo What the node had replayed behind the answer, if it was asked
   * @param isInstead Whether the primary has answered because replicas are behind the session
   */
  readonly answered: (node: NodeView, upTo?: Position, isInstead?: boolean) => void
  /** Whether the primary shows what the session has seen on replicas. Absent where that is known. */
  readonly showing: (() => Promise<Showing>) | undefined
}

/** Something that can be sent over a connection. */
export interface Sendable {
  /** May be called once per candidate of a plan. */
  send(client: PoolClient, done: Done): void
  /** The same as data, where it is nothing but a text and its values: then it may ride on a lane, and get a name. */
  readonly shareable?: ShareableRead | undefined
}

/** A proven read outside of a transaction. */
export interface Read extends Sendable {
  /** Candidates as of the decision. */
  readonly plan: QueryPlan
  /** Candidates as of now. */
  replan(): QueryPlan
  /** Stands for the text of the read: runs of one text take about as long. */
  readonly text?: object | undefined
  /** The position that a replica must have replayed, where it may be asked in front of the read. */
  readonly position?: Position | undefined
  /** Judges a server behind an address of several by its own words. */
  reached(node: NodeView, observation: Observation): Reached
  /** Whether another query may be sent in front of it before that is answered. @defaultValue true */
  readonly canPipeline?: boolean
  readonly follower?: ReadFollower | undefined
  /** A standby refused the statement because it is a standby: it is no read after all, and nothing of it has happened. */
  refused(node: NodeView, error: Error): void
  /** Given by a caller who holds a connection to the primary, or wants to keep the replica's. */
  readonly conversation?: Conversation | undefined
}
