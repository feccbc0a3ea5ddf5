import type { EventEmitter } from 'node:events'
import type { TokenRejection } from '../consistency/token.ts'
import type { DiscoveryFailure } from '../discovery/loop.ts'
import type { Pin } from '../settings/session-settings.ts'
import type { LearnedShape } from '../statement/judge.ts'
import type { Statement } from '../statement/statement.ts'
import type { NodeId, NodeState, Role } from '../topology/node.ts'
import type { Exclusion, NodeView, Snapshot } from '../topology/snapshot.ts'

/** What a node is for the router: its role while it is up and used, else why it is not. */
export type NodeStatus = Exclude<Role, 'unknown'> | Exclude<NodeState['name'], 'up'> | Exclusion

export interface NodeChange {
  readonly node: NodeId
  readonly from: NodeStatus
  readonly to: NodeStatus
  /** Why, when the node failed or is suspected to have. */
  readonly cause?: Error
}

/** A standby refused a statement that was judged to be a read. It goes to the primary. */
export interface Refusal {
  readonly node: NodeId
  /** The statement's text, without its parameters. */
  readonly sql: string
  readonly cause: Error
}

/** Events of `pool.events`, with their arguments. */
export interface RouterEvents {
  nodeChanged: [NodeChange]
  /** Writes go to another node from now on. `from` is absent for the first primary. */
  primaryChanged: [{ readonly from: NodeId | undefined; readonly to: NodeId }]
  /** There is no primary yet, and reads are served all the same: `withoutPrimaryAtStart: 'serve'`. Told once. */
  startedWithoutPrimary: []
  /** More than one node takes writes, on the same branch of history: nothing is written until there is one. */
  primaryConflict: [{ readonly nodes: readonly NodeId[] }]
  /**
   * A replica is not known to follow the primary's branch of history, as after a promotion: it gets no reads until it is.
   * A replica tells its branch late, unless the role that asks is a member of `pg_monitor`.
   */
  timelineUnclear: [{ readonly node: NodeId; readonly timeline: number | undefined }]
  /** A replica failed so often in a row that it gets no reads for a while. */
  nodeEjected: [{ readonly node: NodeId; readonly forMs: number }]
  /**
   * A replica refuses the login that the primary accepts: a wrong password, or a role or database that it has not replayed yet. It
   * gets no reads, and is asked again and again. Told once, until it has accepted one.
   */
  loginRefused: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * A replica failed a read because of its disk, its memory or its data (SQLSTATE classes 53, 58 and XX), and another node
   * did better. At most once a second for each replica.
   */
  nodeSick: [{ readonly node: NodeId; readonly cause: Error }]
  /**
   * Reads went to a replica with a bad record, because nobody else could serve them: the least bad is better than no
   * answer. At most once a second.
   */
  lastResort: [{ readonly count: number }]
  /** Reads failed that might have run elsewhere: retries have used up their share of the traffic. At most once a second. */
  retriesSpent: [{ readonly count: number }]
  /** Reads failed because of `primarySpill`. At most once a second. */
  spillRefused: [{ readonly count: number }]
  readRefused: [Refusal]
  /** A replica refused a setting that the session of a read has made. Its reads go to the primary while it has it. */
  settingRefused: [{ readonly node: NodeId; readonly cause: Error }]
  /** A client has left something on its connection that cannot be had elsewhere: it stays there until it is released. */
  clientPinned: [{ readonly node: NodeId; readonly pin: Pin }]
  /**
   * A hook (a listener of `connect`, `acquire` or `release`, `onConnect`, `verify`) failed on a connection to a replica, which is used
   * all the same. Behind an `acquire` listener the statement runs on the primary.
   */
  hookFailed: [{ readonly node: NodeId; readonly cause: Error }]
  /** What a standby refused, the primary took: statements of this shape go to the primary from now on. */
  shapeLearned: [LearnedShape]
  /** A replica was asked for, by a comment or by `route`, for a statement that is no proven read. It went to the primary. */
  hintIgnored: [Statement]
  /** A session began with a token that is not believed: it counts as none. */
  tokenRejected: [{ readonly reason: TokenRejection }]
  /** Reads cannot share connections: `pg` is older than 8.23, or native. Each has one of its own. Told once. */
  lanesUnavailable: []
  /** The pool has other nodes now, by `setNodes()` or by `discovery`. */
  nodesChanged: [{ readonly added: readonly NodeId[]; readonly removed: readonly NodeId[] }]
  /**
   * Connections to this node led to several servers: it is used as one with `balanced: true` from now on. Say so in the options,
   * or give each server an address of its own, which is cheaper.
   */
  addressShared: [{ readonly node: NodeId }]
  /** The discovery failed or found no node: the nodes that are known stay. */
  discoveryFailed: [DiscoveryFailure]
  /** The database's functions and relations are known, or known anew. Counts include the system's own. */
  catalogLoaded: [CatalogChange]
  /**
   * The database could not be asked for its catalog. `isLoaded`: what was loaded before stays in force. Otherwise reads of the
   * application's own relations go to the primary until the database answers.
   */
  catalogFailed: [{ readonly cause: unknown; readonly retryInMs: number; readonly isLoaded: boolean }]
  /** A client has been checked out for longer than `leakWarningMs`, and may never be released. */
  clientLeaked: [{ readonly heldMs: number; readonly stack: string }]
  /** The application's balancer has thrown for the first time. Reads take the nodes in the order of the list where it throws. */
  balancerFailed: [{ readonly cause: Error }]
  /** An idle connection was lost. On the primary, `pool.on('error')` hears of it too. */
  connectionLost: [{ readonly node: NodeId; readonly cause: Error }]
}

export interface CatalogChange {
  readonly functions: number
  readonly relations: number
  readonly durationMs: number
}

export type RouterEventEmitter = EventEmitter<RouterEvents>

export function statusOf(node: NodeView): NodeStatus {
  if (node.state.name !== 'up') return node.state.name
  return node.exclusion ?? (node.role === 'primary' ? 'primary' : 'replica')
}

/** What changed from one snapshot to the next. */
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
