import type { Observation } from '../../topology/node.ts'

/** Answer of a server, or in a few words why there is none. */
export type Answer<T> =
  | { readonly known: T }
  /** `isRefused`: the server does not have it, or does not allow it. */
  | { readonly unknown: string; readonly isRefused?: boolean }

/** Returns the value of an answer, if there is one. */
export function known<T>(answer: Answer<T>): T | undefined {
  return 'known' in answer ? answer.known : undefined
}

/** Facts that every login may read. */
export interface ServerFacts {
  readonly isStandby: boolean
  readonly version: number
  readonly user: string
  readonly database: string
  /** The login may read the statistics and settings of all. */
  readonly mayMonitor: boolean
  /** The server's clock minus ours, in milliseconds. */
  readonly clockSkewMs: number
  /** How far the server's clock may be from `clockSkewMs`: half of the round trip. */
  readonly clockErrorMs: number
}

/** How a standby gets its data. */
export interface Replay {
  /** It receives WAL. */
  readonly isStreaming: boolean
  readonly isPaused: boolean
}

/** Settings as a new session has them, by name. */
export type SettingValues = Readonly<Record<string, string>>

export interface ConnectionLimits {
  /** Of the server, without the connections that are reserved for others. */
  readonly server: number
  /** Absent for no limit. */
  readonly role?: number
  readonly database?: number
  /** Connections of other roles at the moment. */
  readonly used: number
}

/** A program between the doctor and the server that shares server connections, such as PgBouncer. */
export type Pooler = 'none' | 'session' | 'transaction'

export interface Activity {
  readonly pid: number
  readonly user: string
  readonly state: 'active' | 'idle in transaction'
  /** Of the statement, or of the time in the transaction without one. */
  readonly seconds: number
  /** Without constants. */
  readonly text: string
}

export interface SlowStatement {
  readonly text: string
  readonly calls: number
  readonly meanMs: number
}

export interface DatabaseStatistics {
  readonly blocksHit: number
  readonly blocksRead: number
  /** Queries that recovery has cancelled; 0 on a primary. */
  readonly conflicts: number
}

export interface Collation {
  readonly name: string
  readonly recorded: string
  readonly actual: string
}

/** How far a replica is behind what the primary had written when the doctor asked. */
export interface Lag {
  /** Time until the replica had replayed it; the time that the doctor waited if it had not. */
  readonly ms: number
  readonly isCaughtUp: boolean
  /** Absent where the server states its lag as a time. */
  readonly bytes?: number
}

/** Facts about one node that answers. The names of the answers are part of `could-not-check`. */
export interface NodeFacts {
  readonly id: string
  readonly given: 'primary' | 'replica'
  readonly server: ServerFacts
  readonly probe: Answer<Observation>
  readonly settings: Answer<SettingValues>
  readonly limits: Answer<ConnectionLimits>
  readonly pooler: Answer<Pooler>
  /** Different servers answer at this address. */
  readonly isBalanced: boolean
  readonly activity: Answer<readonly Activity[]>
  /** Absent without the extension pg_stat_statements. */
  readonly statements?: Answer<readonly SlowStatement[]>
  readonly statistics: Answer<DatabaseStatistics>
  readonly collations: Answer<readonly Collation[]>
  /** Scans by the identifier of the index. */
  readonly indexScans: Answer<ReadonlyMap<number, number>>
  /** Absent for what is no standby, like `lag`. */
  readonly replay?: Answer<Replay>
  readonly lag?: Answer<Lag>
}

export interface Relation {
  readonly schema: string
  readonly name: string
  /** As SQL writes it. */
  readonly spelled: string
  readonly kind: 'table' | 'view' | 'materialized view' | 'foreign table'
  readonly isUnlogged: boolean
}

export interface Index {
  readonly oid: number
  readonly name: string
  readonly table: string
  readonly bytes: number
  readonly isUnique: boolean
  /** It belongs to a constraint, or is the replica identity: nothing may drop it. */
  readonly isNeeded: boolean
  /** Equal for indexes of the same columns in the same way. */
  readonly definition: string
}

export interface TableVacuum {
  readonly table: string
  readonly live: number
  readonly dead: number
  /** Dead rows at which autovacuum begins. */
  readonly threshold: number
  readonly isAutovacuumOff: boolean
  /** Transactions since its rows were frozen, as a share of `autovacuum_freeze_max_age`. */
  readonly freezeShare: number
}

export interface Slot {
  readonly name: string
  readonly isActive: boolean
  readonly walStatus: string
  /** WAL that is kept for it. Absent when it keeps none. */
  readonly keptBytes?: number
}

/** Facts about a function of a user that is labelled VOLATILE, or labelled otherwise and refused by a standby. */
export interface FunctionFact {
  /** As ALTER FUNCTION takes it, with the types of its arguments. */
  readonly signature: string
  readonly finding:
    /** Labelled VOLATILE; its body is proven to read, and calls nothing volatile. */
    | 'deserves-stable'
    /** Labelled VOLATILE, and nothing proves that it only reads or that it writes. */
    | 'unproven'
    /** Labelled STABLE or IMMUTABLE, and it writes. */
    | 'label-untrue'
}

/** Facts about the database, from the primary. */
export interface DatabaseFacts {
  readonly relations: Answer<readonly Relation[]>
  /** Views and tables that stay on the primary because of what they use. */
  readonly boundRelations: Answer<readonly string[]>
  readonly functions: Answer<readonly FunctionFact[]>
  readonly indexes: Answer<readonly Index[]>
  readonly vacuum: Answer<readonly TableVacuum[]>
  /** Rows that were updated or deleted since the statistics began. */
  readonly rowsReplaced: Answer<number>
  readonly slots: Answer<readonly Slot[]>
}

/** A replica that refuses the login, with the server's words. */
export interface RefusedNode {
  readonly id: string
  readonly refusal: string
}

/** Expectations of the deployment. */
export interface Expectations {
  readonly processes: number
  /** The pool's `max`. */
  readonly max: number
  readonly maxLagMs: number
  readonly slowMs: number
}

export interface Facts {
  readonly primary: NodeFacts
  readonly replicas: readonly NodeFacts[]
  readonly refused: readonly RefusedNode[]
  readonly database: DatabaseFacts
  readonly expected: Expectations
}
