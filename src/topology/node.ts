import type { Lsn } from './lsn.ts'
import type { Wording } from './wording.ts'

/**
 * Names a node within its cluster: `host:port`, made unique.
 *
 * @example
 * const ids: NodeId[] = pool.stats().nodes.map(({ id }) => id)
 */
export type NodeId = string

/**
 * Role of a node at its last probe. `unknown` until it has answered, and while it does not answer.
 *
 * @example
 * const roles: Role[] = pool.stats().nodes.map(({ role }) => role)
 */
export type Role =
  /** It takes writes. */
  | 'primary'
  /** It is a standby, and follows the primary. */
  | 'replica'
  | 'unknown'

/** `systemIdentifier` of a server that does not tell its cluster. */
export const UNTOLD_CLUSTER = '0'

/** Whether a server belongs to a cluster. One that does not tell its cluster is in that of the list that names it. */
export function isOfCluster(
  { systemIdentifier }: Pick<Observation, 'systemIdentifier'>,
  cluster: string | undefined,
): boolean {
  if (cluster === undefined) return false
  return systemIdentifier === cluster || systemIdentifier === UNTOLD_CLUSTER || cluster === UNTOLD_CLUSTER
}

/**
 * Result of one successful probe.
 *
 * @example
 * const roleOf = (observation: Observation) => observation.role
 */
export interface Observation {
  readonly role: 'primary' | 'replica'
  /** Identifies the cluster: all servers that stem from one `initdb` share it. '0' where the server does not tell. */
  readonly systemIdentifier: string
  /**
   * Identifies the server, independent of the address it was reached by: system identifier, start time and port of the
   * server.
   */
  readonly serverIdentity: string
  /**
   * On a primary, a position at or after everything committed before the probe. On a replica, the position it has
   * replayed. Absent when the server did not report one.
   */
  readonly lsn?: Lsn
  /** On a primary, if it was read: a position at or after commits that are acknowledged but not flushed yet. */
  readonly insertedLsn?: Lsn
  /**
   * On a replica that streams, the position up to which it has received WAL, replayed or not. Absent when it did not
   * report one.
   */
  readonly receivedLsn?: Lsn
  /**
   * The timeline of the position; every promotion increases it. Absent when the server did not report it. A replica may
   * learn of a new timeline late unless the role that asks is a member of `pg_monitor`.
   */
  readonly timeline?: number
  /** On a primary: transactions are read-only there unless they ask otherwise (`default_transaction_read_only`). */
  readonly isReadOnly?: boolean
  /**
   * On a primary with synchronous standbys: commits wait for them, and replicas may show them before the primary does.
   */
  readonly commitsWait?: true
  /** On a replica: the lag that its service states, in milliseconds. Absent where it states none. */
  readonly statedLagMs?: number
  /** How the server was asked. Absent for one that refuses nothing. */
  readonly wording?: Wording
  /** OID and name of the database, and the role. Behind a pooler the names may differ from the options. */
  readonly login?: string
  /** When the probe was sent. Everything in the observation was true at some moment after it. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
}

/**
 * State of one node.
 *
 * @example
 * const isUp = (state: NodeState) => state.name === 'up'
 */
export type NodeState =
  /** It has not answered a probe yet. */
  | { readonly name: 'pending' }
  /** It has answered its last probe. */
  | { readonly name: 'up'; readonly observation: Observation }
  /**
   * A query or a connection failed there. Nothing is sent to it until it answers a probe sent after the failure. `last`
   * is the observation before it.
   */
  | {
      readonly name: 'suspected'
      readonly cause: Error
      readonly sinceMs: number
      readonly last?: Observation
    }
  /** Its last probe failed. */
  | { readonly name: 'down'; readonly cause: Error; readonly sinceMs: number }

export type NodeEvent =
  | { readonly type: 'observed'; readonly observation: Observation }
  | { readonly type: 'suspected'; readonly cause: Error; readonly atMs: number }
  | { readonly type: 'failed'; readonly cause: Error; readonly atMs: number }

export const PENDING: NodeState = { name: 'pending' }

/** SQLSTATE of a server that has no connection left. It is alive, and its role may not have changed. */
const TOO_MANY_CONNECTIONS = '53300'

function isFull(cause: Error): boolean {
  return 'code' in cause && cause.code === TOO_MANY_CONNECTIONS
}

function lastOf(state: NodeState): { readonly last?: Observation } {
  if (state.name === 'up') return { last: state.observation }
  return state.name === 'suspected' && state.last !== undefined ? { last: state.last } : {}
}

/** Returns the state of a node after an event. */
export function transition(state: NodeState, event: NodeEvent): NodeState {
  switch (event.type) {
    case 'observed':
      // A probe sent before the failure says nothing about the time after it.
      if (state.name === 'suspected' && event.observation.sentAtMs < state.sinceMs) return state
      return { name: 'up', observation: event.observation }
    case 'suspected':
      if (state.name === 'up' && isFull(event.cause)) return state
      if (state.name === 'down') return state
      return { name: 'suspected', cause: event.cause, sinceMs: event.atMs, ...lastOf(state) }
    case 'failed':
      if (state.name === 'up' && isFull(event.cause)) return state
      return { name: 'down', cause: event.cause, sinceMs: state.name === 'down' ? state.sinceMs : event.atMs }
    default:
      throw new Error(`Unexpected node event: ${String(event satisfies never)}`)
  }
}
