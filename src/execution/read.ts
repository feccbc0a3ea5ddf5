import type { Position } from '../consistency/position.ts'
import type { Showing } from '../consistency/unshown.ts'
import type { ShareableRead } from '../nodes/shareable-read.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Reached } from '../selection/reached.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Conversation } from './conversation.ts'
import type { Send } from './execution.ts'

/** Goes along with a read, for its session. */
export interface ReadFollower {
  /** Whether it matters which replica has answered, and how far that was. */
  readonly isMonotonic: boolean
  /**
   * This node has answered it, with an error of its own perhaps.
   * @param upTo What it had replayed behind the answer, if it was asked
   * @param isInstead Whether the primary has answered because replicas are behind the session
   */
  readonly answered: (node: NodeView, upTo?: Position, isInstead?: boolean) => void
  /** Whether the primary shows what the session has seen on replicas. Absent where that is known. */
  readonly showing: (() => Promise<Showing>) | undefined
}

/** A proven read outside of a transaction. */
export interface Read {
  /** Makes the plan as things are now. */
  readonly plan: () => QueryPlan
  readonly send: Send
  /** Stands for its text: reads of one statement are expected to take as long as each other. */
  readonly statement?: object | undefined
  /** What `send` sends, where that is all there is to it: then it may ride on a lane, and get a name. */
  readonly shareable?: ShareableRead | undefined
  /** What a replica must have replayed, where it may be asked in front of the read. */
  readonly position?: Position | undefined
  /** What a server is to it that says this of itself, behind an address of several. Absent: none may serve it. */
  readonly reached?: ((node: NodeView, observation: Observation) => Reached) | undefined
  /** Whether another query may be sent in front of it before that is answered. @defaultValue true */
  readonly canPipeline?: boolean
  readonly follower?: ReadFollower | undefined
  /** A standby refused it because it is a standby: it is no read after all, and nothing of it has happened. */
  readonly refused: (node: NodeView, error: Error) => void
  /** Given by who holds a connection to the primary, or wants to keep the replica's. */
  readonly conversation?: Conversation | undefined
}
