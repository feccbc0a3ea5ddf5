import type { EventEmitter } from 'node:events'
import type { TokenRejection } from '../consistency/token.ts'
import type { DiscoveryFailure } from '../discovery/loop.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { LearnedShape } from '../statement/judge.ts'
import type { StatementKind, StatementReason } from '../statement/statement.ts'
import type { NodeId, NodeState, Role } from '../topology/node.ts'
import type { Exclusion, NodeView, Snapshot } from '../topology/snapshot.ts'
import type { PositionAsked, StatementEvents } from './statement-events.ts'

/**
 * Status of a node: its role while it is in use, otherwise the reason why it is not.
 *
 * @example
 * const serves = (status: NodeStatus) => status === 'primary' || status === 'replica'
 */
export type NodeStatus = Exclude<Role, 'unknown'> | Exclude<NodeState['name'], 'up'> | Exclusion

/**
 * A node and its status before and after a change.
 *
 * @example
 * pool.events.on('nodeChanged', ({ node, from, to }: NodeChange) => console.log(node, from, to))
 */
export interface NodeChange {
  readonly node: NodeId
  readonly from: NodeStatus
  readonly to: NodeStatus
  /** The error, when the node failed or is suspected. */
  readonly cause?: Error
}

/**
 * A standby rejected a statement that was classified as a read. It is retried on the primary.
 *
 * @example
 * pool.events.on('readRefused', ({ node, sql }: Refusal) => console.log(node, sql))
 */
export interface Refusal {
  readonly node: NodeId
  /** The statement's text, without constants and comments. */
  readonly sql: string
  readonly cause: Error
}

/**
 * A statement for which a replica was asked although it is not a proven read.
 *
 * @example
 * pool.events.on('hintIgnored', ({ offender, reason }: IgnoredHint) => console.log(reason, offender))
 */
export interface IgnoredHint {
  readonly kind: StatementKind
  readonly reason: StatementReason
  /** The function, relation or clause that decided. Absent where the text as a whole decided. */
  readonly offender?: string
}

/**
 * Events of `pool.events`, with their arguments. Each is also published on the channel `pg-switchyard:<name>` of
 * `node:diagnostics_channel`. No event holds a parameter or a constant of a statement: an error whose message may hold
 * one is replaced by an `EventError`.
 *
 * @example
 * const names: (keyof RouterEvents)[] = ['nodeChanged', 'primaryChanged']
 */
export interface RouterEvents extends StatementEvents {
  /** The status of a node has changed. */
  nodeChanged: [NodeChange]
  /** A node has become the primary. `from` is absent for the first primary. */
  primaryChanged: [{ readonly from: NodeId | undefined; readonly to: NodeId }]
  /** There is no primary yet, and replicas serve reads (`withoutPrimaryAtStart: 'serve'`). Emitted once. */
  startedWithoutPrimary: []
  /** More than one node takes writes on the same timeline. Writes fail until only one does. */
  primaryConflict: [{ readonly nodes: readonly NodeId[] }]
  /**
   * A replica is not known to be on the primary's timeline, as after a promotion. It gets no reads until it is. A
   * replica reports a new timeline late unless the role that asks is a member of `pg_monitor`.
   */
  timelineUnclear: [{ readonly node: NodeId; readonly timeline: number | undefined }]
  /** A replica failed repeatedly and gets no reads for `forMs`. */
  nodeEjected: [{ readonly node: NodeId; readonly forMs: number }]
  /**
   * A replica refuses a login that the primary accepts: a wrong password, or a role or database that it has not
   * replayed yet. It gets no reads and is probed again. Emitted once until a login succeeds.
   */
  loginRefused: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * A replica failed a read, and another node answered it. The cause was its disk, its memory or its data (SQLSTATE
   * classes 53, 58 and XX). At most once a second for each replica.
   */
  nodeSick: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * Reads went to a replica that is ejected or unmeasured because no other node could serve them. At most once a
   * second.
   */
  lastResort: [{ readonly count: number }]
  /** Reads failed without a retry on another node because the retry budget is spent. At most once a second. */
  retriesSpent: [{ readonly count: number }]
  /** Reads failed because of `primarySpill`. At most once a second. */
  spillRefused: [{ readonly count: number }]
  /** A standby rejected a statement that was classified as a read. It runs again on the primary. */
  readRefused: [Refusal]
  /** A replica rejected a setting of a session. The session's reads go to the primary while it keeps the setting. */
  settingRefused: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * A client is pinned to its connection until it is released, because the connection holds state that no other has.
   */
  clientPinned: [{ readonly node: NodeId; readonly pin: Pin }]
  /**
   * A read-only transaction continues on the primary, because a statement needs it. `reason` is `'statement'` for one
   * that is not proven to be a read, `'asked-primary'`, `'error'` after an error of the replica, or `'learned'`.
   */
  transactionMoved: [TransactionMove]
  /**
   * A hook (a listener of `connect`, `acquire` or `release`, `onConnect`, `verify`) failed on a connection to a
   * replica. The connection is used anyway; after a failed `acquire` listener the statement runs on the primary.
   */
  hookFailed: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * The primary accepted a statement that a standby had rejected. Statements of this shape go to the primary from now
   * on.
   */
  shapeLearned: [LearnedShape]
  /** A comment or `route` asked for a replica, but the statement is not a proven read. It went to the primary. */
  hintIgnored: [IgnoredHint]
  /** A position that a session must see was requested from the primary. */
  positionAsked: [PositionAsked]
  /** A session started with a token that was rejected. The session runs as if it had none. */
  tokenRejected: [{ readonly reason: TokenRejection }]
  /** Reads cannot share connections because `pg` is older than 8.23, or native. Emitted once. */
  lanesUnavailable: []
  /** `setNodes()` or `discovery` changed the pool's nodes. */
  nodesChanged: [{ readonly added: readonly NodeId[]; readonly removed: readonly NodeId[] }]
  /**
   * Connections to this address led to several servers. From now on it is treated as `balanced: true`. Set that option,
   * or give each server its own address, which is cheaper.
   */
  addressShared: [{ readonly node: NodeId }]
  /** Discovery failed or found no node. The current nodes stay. */
  discoveryFailed: [DiscoveryFailure]
  /** The catalog was loaded or reloaded. Counts include the system's own objects. */
  catalogLoaded: [CatalogChange]
  /**
   * Loading the catalog failed. If `isLoaded`, the previous catalog stays in force. Otherwise reads of the
   * application's own relations go to the primary until a load succeeds.
   */
  catalogFailed: [{ readonly cause: Error; readonly retryInMs: number; readonly isLoaded: boolean }]
  /** A client has been checked out for longer than `leakWarningMs`: a possible leak. */
  clientLeaked: [{ readonly heldMs: number; readonly stack: string }]
  /**
   * The application's balancer threw for the first time. When it throws, reads take the nodes in the order of the list.
   */
  balancerFailed: [{ readonly cause: Error }]
  /** A connection to a node was opened. Emitted only while it has listeners. */
  connectionOpened: [ConnectionOpened]
  /** A connection was returned to the connections of its node. Emitted only while it has listeners. */
  connectionReturned: [ConnectionReturned]
  /**
   * A caller has waited for a connection to a node for longer than `connectionTimeoutMillis`. Emitted only while it has
   * listeners.
   */
  connectionTimedOut: [ConnectionTimedOut]
  /** An idle connection was lost. For the primary, the pool also emits `error`. */
  connectionLost: [{ readonly node: NodeId; readonly cause: Error }]
}

/**
 * A new connection to a node.
 *
 * @example
 * pool.events.on('connectionOpened', ({ node, durationMs }: ConnectionOpened) => console.log(node, durationMs))
 */
export interface ConnectionOpened {
  readonly node: NodeId
  /** Time that it took to connect and to log in, in milliseconds. */
  readonly durationMs: number
}

/**
 * One use of a connection. Reads that share a connection use it together.
 *
 * @example
 * pool.events.on('connectionReturned', ({ waitedMs, usedMs }: ConnectionReturned) => console.log(waitedMs, usedMs))
 */
export interface ConnectionReturned {
  readonly node: NodeId
  /** Time from the request for it to the lease, in milliseconds. */
  readonly waitedMs: number
  /** Time from the lease to the return, in milliseconds. */
  readonly usedMs: number
}

/**
 * A request for a connection that was given up because all connections to the node were in use.
 *
 * @example
 * pool.events.on('connectionTimedOut', ({ node }: ConnectionTimedOut) => console.log(node))
 */
export interface ConnectionTimedOut {
  readonly node: NodeId
  /** Time from the request to its end, in milliseconds. */
  readonly waitedMs: number
}

export interface TransactionMove {
  /** The replica that it has left. */
  readonly node: NodeId
  readonly reason: 'statement' | 'asked-primary' | 'error' | 'learned'
  /** Reason of the classification of the statement that needs the primary. */
  readonly statement: StatementReason
  /** Number of its statements that ran again on the primary. */
  readonly repeated: number
  readonly durationMs: number
}

/**
 * Size of a loaded catalog, and how long loading it took.
 *
 * @example
 * pool.events.on('catalogLoaded', ({ relations, durationMs }: CatalogChange) =>
 *   console.log(relations, durationMs),
 * )
 */
export interface CatalogChange {
  readonly functions: number
  readonly relations: number
  readonly durationMs: number
}

/**
 * Emitter of the events of a pool.
 *
 * @example
 * const events: RouterEventEmitter = pool.events
 */
export type RouterEventEmitter = EventEmitter<RouterEvents>

export function statusOf(node: NodeView): NodeStatus {
  if (node.state.name !== 'up') return node.state.name
  return node.exclusion ?? (node.role === 'primary' ? 'primary' : 'replica')
}

/** Returns the changes of node status between two snapshots. */
export function changesBetween(previous: Snapshot, next: Snapshot): NodeChange[] {
  const changes: NodeChange[] = []
  for (const [index, node] of next.nodes.entries()) {
    const at = previous.nodes[index]
    const before = at?.id === node.id ? at : previous.nodes.find(({ id }) => id === node.id)
    const from = before === undefined ? 'pending' : statusOf(before)
    const to = statusOf(node)
    if (from === to) continue
    const change = { node: node.id, from, to }
    changes.push('cause' in node.state ? { ...change, cause: node.state.cause } : change)
  }
  return changes
}
