import { parseLsn } from '../../src/topology/lsn.ts'
import { PENDING, type NodeState, type Observation } from '../../src/topology/node.ts'
import type { Lag, NodeView, Snapshot } from '../../src/topology/snapshot.ts'

/** What a probe saw, sent at 1,000 ms and answered at 1,001 ms, unless said otherwise. */
export function observed(
  role: 'primary' | 'replica',
  lsn?: string,
  given: Partial<Observation> = {},
): Observation {
  const position = lsn === undefined ? undefined : parseLsn(lsn)
  const base = {
    role,
    systemIdentifier: '7000',
    serverIdentity: `7000:${role}`,
    sentAtMs: 1000,
    receivedAtMs: 1001,
  }
  return { ...base, ...(position === undefined ? {} : { lsn: position }), ...given }
}

export function up(observation: Observation): NodeState {
  return { name: 'up', observation }
}

export function down(message = 'connect ECONNREFUSED', sinceMs = 900): NodeState {
  return { name: 'down', cause: new Error(message), sinceMs }
}

export function primaryView(id = 'p:5432', given: Partial<NodeView> = {}): NodeView {
  return { id, weight: 1, role: 'primary', state: up(observed('primary', '0/1000')), ...given }
}

/** A replica; without `lag` nothing is known of how far it is behind. */
export function replicaView(id: string, lag?: Lag, given: Partial<NodeView> = {}): NodeView {
  const view: NodeView = {
    id,
    weight: 1,
    role: 'replica',
    state: up(observed('replica', '0/1000')),
    ...given,
  }
  return lag === undefined ? view : { ...view, lag }
}

export function pendingView(id: string): NodeView {
  return { id, weight: 1, role: 'unknown', state: PENDING }
}

export function downView(id: string, cause?: Error): NodeView {
  const state = cause === undefined ? down() : ({ name: 'down', cause, sinceMs: 900 } as const)
  return { id, weight: 1, role: 'unknown', state }
}

export function suspectedView(id: string, cause: Error = new Error('read ECONNRESET')): NodeView {
  return { id, weight: 1, role: 'unknown', state: { name: 'suspected', cause, sinceMs: 900 } }
}

/** The lag of a replica that shows everything committed before `freshAsOfMs`. */
export function freshAsOf(freshAsOfMs: number): Lag {
  return { bytes: 0, freshAsOfMs }
}

/** A snapshot of these nodes; its primary is the one whose role says so and which is not excluded. */
export function snapshotOf(...nodes: readonly NodeView[]): Snapshot {
  const writable = nodes.filter(({ role, exclusion }) => role === 'primary' && exclusion === undefined)
  const [primary] = writable
  if (primary === undefined) return { nodes }
  return writable.length === 1 ? { nodes, primary } : { nodes, conflict: writable }
}
