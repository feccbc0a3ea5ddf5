import type { EventEmitter } from 'node:events'
import type { Statement } from '../statement/statement.ts'
import type { NodeId, NodeState, Role } from '../topology/node.ts'
import type { Exclusion, NodeView, Snapshot } from '../topology/snapshot.ts'

/** What a node is for the router: its role while it is up and used, else why it is not. */
export type NodeStatus = Exclude<Role, 'unknown'> | Exclude<NodeState['name'], 'up'> | Exclusion

export interface NodeChange {
  readonly node: NodeId
  readonly from: NodeStatus
  readonly to: NodeStatus
  /** Why, when the node failed. */
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
  readRefused: [Refusal]
  /** A replica was asked for, by a comment or by `route`, for a statement that is no proven read. It went to the primary. */
  hintIgnored: [Statement]
  /** The database's functions and relations are known, or known anew. Counts include the system's own. */
  catalogLoaded: [CatalogChange]
  /** The database could not be asked. Until it can, what was known stays in force. */
  catalogFailed: [{ readonly cause: unknown; readonly retryInMs: number }]
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
  return node.exclusion ?? node.state.observation.role
}

/** What changed from one snapshot of the same nodes to the next. */
export function changesBetween(previous: Snapshot, next: Snapshot): NodeChange[] {
  const changes: NodeChange[] = []
  for (const [index, node] of next.nodes.entries()) {
    const before = previous.nodes[index]
    const from = before === undefined ? 'pending' : statusOf(before)
    const to = statusOf(node)
    if (from === to) continue
    const change = { node: node.id, from, to }
    changes.push(node.state.name === 'down' ? { ...change, cause: node.state.cause } : change)
  }
  return changes
}
