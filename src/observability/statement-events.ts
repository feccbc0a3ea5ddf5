import type { RepairReason, RetryReason, SpillReason, WaitReason } from '../nodes/trace.ts'
import type { RouteReason } from '../routing/route.ts'
import type { StepReason } from '../selection/query-plan.ts'
import type { StatementKind, StatementReason } from '../statement/statement.ts'
import type { NodeId, Role } from '../topology/node.ts'
import type { ExplainedPlan } from './explain.ts'

/**
 * One wait of a statement.
 *
 * @example
 * pool.events.on('wait', ({ reason, durationMs }: Wait) => console.log(reason, durationMs))
 */
export interface Wait {
  readonly reason: WaitReason
  readonly durationMs: number
}

/**
 * One failed attempt of a statement, after which it was sent again.
 *
 * @example
 * pool.events.on('retry', ({ node, code }: Retry) => console.log(node, code))
 */
export interface Retry {
  /** Node that has failed it. */
  readonly node: NodeId
  readonly reason: RetryReason
  /** SQLSTATE, or code of Node.js or of this library. */
  readonly code?: string
}

/**
 * A rejected read that ran on the primary.
 *
 * @example
 * pool.events.on('repair', ({ node, reason }: Repair) => console.log(node, reason))
 */
export interface Repair {
  /** Replica that has rejected it. */
  readonly node: NodeId
  readonly reason: RepairReason
  readonly code?: string
}

/**
 * One statement from its call to its answer: the message of `tracingChannel('pg-switchyard:query')` and of the event
 * `execution`. It fills while the statement proceeds: fields that do not apply, or not yet, are undefined. Text is
 * without constants, and no parameter is part of it.
 *
 * @example
 * pool.events.on('execution', ({ summary, node, durationMs }: QueryExecution) =>
 *   console.log(summary, node, durationMs),
 * )
 */
export interface QueryExecution {
  /** Identifies the statement in the events of this process. */
  readonly id: number
  /** The pool: address of its first node and the database, `host:port/database`. */
  readonly pool: string
  readonly database: string | undefined
  /** The statement without constants and comments: `select * from t where a = ?`. Absent without a text. */
  readonly sql?: string | undefined
  /** Commands and relations, for the name of a span: `SELECT orders users`. Absent without a text. */
  readonly summary?: string | undefined
  /** The first command: `SELECT`. */
  readonly operation?: string | undefined
  /** The relation that it acts on, if it is only one. */
  readonly collection?: string | undefined
  /** The tier that it asks for. */
  readonly tier?: string | undefined
  /** Kind of the statement. Set with the decision, as are `statement` and `reason`. */
  readonly kind?: StatementKind | undefined
  /** Reason for the kind. */
  readonly statement?: StatementReason | undefined
  /** Reason for the route. */
  readonly reason?: RouteReason | undefined
  /** Reason why the node is in the plan. Set when the statement is sent, as are the node's other fields. */
  readonly candidate?: StepReason | undefined
  /** Node that it was last sent to. */
  readonly node?: NodeId | undefined
  readonly role?: Role | undefined
  /** Host name or IP address, or the directory of a Unix socket. */
  readonly address?: string | undefined
  readonly port?: number | undefined
  /**
   * Lag of the replica when the statement was sent, in milliseconds. Absent for the primary, and while it is unknown.
   */
  readonly lagMs?: number | undefined
  /** Waits of at least 1 ms. */
  readonly waits: readonly Wait[]
  readonly retries: readonly Retry[]
  readonly repair?: Repair | undefined
  /** Reason why the primary runs it in place of a replica. */
  readonly spill?: SpillReason | undefined
  /** Time from the call to the answer, in milliseconds. Set at the end. */
  readonly durationMs?: number | undefined
  /** Number of rows that it returned or changed. Set at the end. */
  readonly rowCount?: number | undefined
  /** Set at the end, if it failed. Its `code` is the SQLSTATE, for an error of the server. */
  readonly error?: Error | undefined
}

/**
 * The decision about a statement.
 *
 * @example
 * pool.events.on('decision', ({ sql, role, reason }: DecisionEvent) => console.log(sql, role, reason))
 */
export interface DecisionEvent extends ExplainedPlan {
  /** `id` of the statement. */
  readonly query: number
  readonly sql?: string
  readonly kind: StatementKind
  readonly statement: StatementReason
  /** Role that it was routed to. */
  readonly role: 'primary' | 'replica'
  readonly reason: RouteReason
}

/**
 * A position was requested from the primary, because a session must see what was committed by then.
 *
 * @example
 * pool.events.on('positionAsked', ({ durationMs }: PositionAsked) => console.log(durationMs))
 */
export interface PositionAsked {
  /** Absent when there is no primary. */
  readonly node: NodeId | undefined
  /** Position that was told. Absent when the primary did not tell it. */
  readonly position?: { readonly timeline: number; readonly lsn: string }
  readonly durationMs: number
}

/** Events of single statements. Nothing is allocated for them without listeners. */
export interface StatementEvents {
  /** A statement was classified and routed. */
  decision: [DecisionEvent]
  /** A statement has ended. */
  execution: [QueryExecution]
  /** A statement waited for at least 1 ms before it was sent. */
  wait: [Wait & { readonly query: number }]
  /** A statement is sent again after a failure. */
  retry: [Retry & { readonly query: number }]
  /** A read that a replica rejected runs on the primary. */
  repair: [Repair & { readonly query: number }]
  /** A proven read runs on the primary in place of a replica. */
  spill: [{ readonly query: number; readonly reason: SpillReason }]
}
