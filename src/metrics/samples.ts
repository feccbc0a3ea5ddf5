import type { NodeStats, PoolStats } from '../observability/stats.ts'
import type { AttributeName, InstrumentName } from './instruments.ts'

/** Attributes of a value, besides the name of its pool. */
export type Attributes = Partial<Readonly<Record<AttributeName, string>>>

/** One value of one metric. */
export interface Sample {
  readonly instrument: InstrumentName
  readonly value: number
  readonly attributes: Attributes
}

/** Numbers of connections to each node that the options of a pool set. */
export interface ConnectionLimits {
  readonly max?: number | undefined
  readonly min?: number | undefined
}

/** The SQLSTATE or code of an error, else the name of its class. */
export function codeOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && code !== '' ? code : error.name
}

/**
 * Returns the values of a pool's counters and of its nodes.
 * @param limits Options of the pool.
 */
export function readingsOf({ nodes, offload }: PoolStats, limits: ConnectionLimits = {}): readonly Sample[] {
  // A pool of one node has no share to show.
  const readings: Sample[] =
    nodes.length === 0 ? [] : [{ instrument: 'switchyard.offload', value: offload, attributes: {} }]
  const read = (instrument: InstrumentName, value: number | undefined, attributes: Attributes): void => {
    if (value !== undefined) readings.push({ instrument, value, attributes })
  }
  for (const { byRole, connections, id, lagBytes, lagMs, role, state } of nodes) {
    const node = { 'switchyard.node': id }
    readings.push(...connectionReadings(id, connections, limits))
    read('switchyard.node.state', 1, { ...node, 'switchyard.role': role, 'switchyard.node.state': state })
    read('switchyard.node.lag', lagMs === undefined ? undefined : lagMs / 1000, node)
    read('switchyard.node.wal_behind', lagBytes, node)
    for (const each of byRole) {
      const member = { ...node, 'switchyard.role': each.role }
      read('switchyard.node.statements', each.queries, member)
      read('switchyard.node.reads', each.reads, member)
    }
  }
  return readings
}

/** Returns the values of the connections to one node. */
export function connectionReadings(
  id: string,
  { idle, total, waiting }: NodeStats['connections'],
  { max, min = 0 }: ConnectionLimits,
): readonly Sample[] {
  const node = { 'switchyard.node': id }
  const instrument = 'db.client.connection.count'
  return [
    { instrument, value: idle, attributes: { ...node, 'db.client.connection.state': 'idle' } },
    { instrument, value: total - idle, attributes: { ...node, 'db.client.connection.state': 'used' } },
    ...(max === undefined
      ? []
      : [
          { instrument: 'db.client.connection.max', value: max, attributes: node } as const,
          // pg-pool keeps all connections until they have been idle for too long.
          { instrument: 'db.client.connection.idle.max', value: max, attributes: node } as const,
        ]),
    { instrument: 'db.client.connection.idle.min', value: min, attributes: node },
    { instrument: 'db.client.connection.pending_requests', value: waiting, attributes: node },
  ]
}
