import type { Lsn } from './lsn.ts'

/** Names a node within its cluster: `host:port`, made unique. */
export type NodeId = string

/** What a node was last seen to be. `unknown` until it has answered, and while it does not. */
export type Role = 'primary' | 'replica' | 'unknown'

/** What one probe of one node saw. */
export interface Observation {
  readonly role: 'primary' | 'replica'
  /** Tells clusters apart: copies of one `initdb` share it. */
  readonly systemIdentifier: string
  /** Tells servers apart, whatever name they were reached by: system identifier, start time and port of the server. */
  readonly serverIdentity: string
  /**
   * On a primary the position at or after everything that was committed before the probe, on a replica what it has
   * replayed. Absent when the server could not tell.
   */
  readonly lsn?: Lsn
  /** On a replica the position up to which it has received the log, replayed or not. Absent when it could not tell. */
  readonly receivedLsn?: Lsn
  /**
   * The branch of history that the position is on; it grows with every promotion. Absent when the server could not tell:
   * a replica may learn of it late, unless the role that asks is a member of `pg_monitor`.
   */
  readonly timeline?: number
  /** On a primary: transactions are read-only there unless they ask otherwise (`default_transaction_read_only`). */
  readonly isReadOnly?: boolean
  /**
   * The database and the role that the server says the connection has: behind a pooler they may have other names than in the
   * options.
   */
  readonly login?: string
  /** When the probe was sent. Everything the observation says was true at some moment after it. */
  readonly sentAtMs: number
  readonly receivedAtMs: number
}

/** What is known of one node's life. */
export type NodeState =
  | { readonly name: 'pending' }
  | { readonly name: 'up'; readonly observation: Observation }
  /**
   * Somebody met a failure there. Nothing is sent to it until it has answered a probe that was sent since. `last` is what it
   * was before.
   */
  | {
      readonly name: 'suspected'
      readonly cause: Error
      readonly sinceMs: number
      readonly last?: Observation
    }
  | { readonly name: 'down'; readonly cause: Error; readonly sinceMs: number }

export type NodeEvent =
  | { readonly type: 'observed'; readonly observation: Observation }
  | { readonly type: 'suspected'; readonly cause: Error; readonly atMs: number }
  | { readonly type: 'failed'; readonly cause: Error; readonly atMs: number }

export const PENDING: NodeState = { name: 'pending' }

/** SQLSTATE with which a server that has no connection left turns one down: it lives, and says nothing of its role. */
const TOO_MANY_CONNECTIONS = '53300'

function isFull(cause: Error): boolean {
  return 'code' in cause && cause.code === TOO_MANY_CONNECTIONS
}

function lastOf(state: NodeState): { readonly last?: Observation } {
  if (state.name === 'up') return { last: state.observation }
  return state.name === 'suspected' && state.last !== undefined ? { last: state.last } : {}
}

/** The one place where a node changes its state. */
export function transition(state: NodeState, event: NodeEvent): NodeState {
  switch (event.type) {
    case 'observed':
      // What was asked before the failure says nothing about the time after it.
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
