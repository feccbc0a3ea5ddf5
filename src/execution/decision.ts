import type { MutableSession } from '../consistency/session.ts'
import type { Query } from '../nodes/query.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { Journal } from '../settings/journal.ts'
import type { Send } from '../nodes/exchange.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Conversation } from './conversation.ts'
import type { Executor } from './executor.ts'

/** How a statement runs. */
export type Running =
  /** As a proven read: on any node of its plan, one after the other if need be. */
  | 'read'
  /** It opens a read-only transaction, which runs on a replica as a whole. */
  | 'opening'
  /** On the primary, once. */
  | 'primary'
  /** Over the connection that its client holds. */
  | 'held'

/** The decision about one statement: `explain()` shows it, and running it needs nothing else. */
export interface Decision {
  readonly runs: Running
  readonly query: Query
  readonly session: MutableSession
  /** Settings that its connection must have. Absent: those of the pool as of then. */
  readonly journal: Journal | undefined
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
  /** Runs the statements of its tier. */
  readonly executor: Executor
  /** The node of the connection that its client holds. */
  readonly held?: NodeView | undefined
}

/** Why a client runs a statement over a connection of its own. */
export interface Hold {
  readonly role: Route['role']
  readonly reason: 'in-transaction' | 'pinned' | 'asked-primary'
  /** Absent while it has no connection. */
  readonly node: NodeView | undefined
}

/** A client whose earlier statements may bind the next one. */
export interface Holder {
  /** `undefined` where this statement may run anywhere. */
  holds(statement: Statement, query: Query): Hold | undefined
}

/** How a decision is run, where its caller wants more than an answer. */
export interface RunOptions {
  /** Runs `acquire` listeners: the statement then has a connection of its own. Absent where there are none. */
  readonly acquire?: Acquire | undefined
  /** Given by a caller who holds a connection to the primary, or wants to keep the replica's. */
  readonly conversation?: Conversation | undefined
  /** Sends the statement. @defaultValue as its query sends itself */
  readonly send?: Send | undefined
}
