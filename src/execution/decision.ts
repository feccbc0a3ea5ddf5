import type { Overlay } from '../consistency/overlay.ts'
import type { MutableSession } from '../consistency/session.ts'
import { NO_NAMES } from '../nodes/custom-settings.ts'
import type { Query } from '../nodes/query.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { Acquire } from '../settings/acquire.ts'
import type { Journal } from '../settings/journal.ts'
import type { Send } from '../nodes/exchange.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Conversation } from './conversation.ts'
import type { Executor } from './executor.ts'

/** How a statement runs. */
export type Running =
  /** As a proven read: on the nodes of its plan, one after the other until one answers. */
  | 'read'
  /** As the start of a read-only transaction, which runs on a replica as a whole. */
  | 'opening'
  /** On the primary, once. */
  | 'primary'
  /** On the connection that its client holds. */
  | 'held'

/** The decision about one statement. `explain()` shows it, and running it needs nothing else. */
export interface Decision {
  readonly runs: Running
  readonly query: Query
  readonly session: MutableSession
  /** Settings that its connection must have. Absent: those of the pool at that time. */
  readonly journal: Journal | undefined
  /** Settings of its session, for a statement without a client: a client has them in its journal. */
  readonly overlay: Overlay | undefined
  readonly statement: Statement
  readonly route: Route
  readonly plan: QueryPlan
  /** Executor of its tier. */
  readonly executor: Executor
  /** Node of the connection that its client holds. */
  readonly held?: NodeView | undefined
}

/** Returns the custom settings that a statement gets, which decide on the connections that it may have. */
export function customOf({ journal, overlay }: Pick<Decision, 'journal' | 'overlay'>): ReadonlySet<string> {
  return journal?.custom ?? overlay?.custom ?? NO_NAMES
}

/** Reason why a client runs a statement on its own connection. */
export interface Hold {
  readonly role: Route['role']
  readonly reason: 'in-transaction' | 'pinned' | 'asked-primary'
  /** Absent while it has no connection. */
  readonly node: NodeView | undefined
}

/** A client that may be bound to a connection. */
export interface Holder {
  /** Returns `undefined` if this statement may run anywhere. */
  holds(statement: Statement, query: Query): Hold | undefined
  /** State that keeps it on its connection until it is released. Absent for none. */
  readonly pins?: readonly Pin[] | undefined
}

/** Options of running a decision. */
export interface RunOptions {
  /** Runs `acquire` listeners; the statement then has its own connection. Absent without listeners. */
  readonly acquire?: Acquire | undefined
  /** For a caller who holds a connection to the primary, or keeps the replica's. */
  readonly conversation?: Conversation | undefined
  /** Sends the statement. @defaultValue as its query sends itself */
  readonly send?: Send | undefined
}
