/** Kind of an instrument. Values of counters and gauges are read; durations are added to histograms. */
export type InstrumentKind = 'counter' | 'histogram' | 'gauge'

/** One metric. */
export interface Instrument {
  readonly kind: InstrumentKind
  /** UCUM unit: `s`, `By`, `1` for a ratio, or a noun in braces. */
  readonly unit: string
  readonly description: string
  /** Attributes besides the name of the pool. */
  readonly attributes: readonly AttributeName[]
}

/** Names of attributes. Each has a bounded number of values. */
export type AttributeName =
  | 'db.system.name'
  | 'db.client.connection.pool.name'
  | 'db.client.connection.state'
  | 'db.operation.name'
  | 'server.address'
  | 'server.port'
  | 'error.type'
  | 'switchyard.event'
  | 'switchyard.node'
  | 'switchyard.node.state'
  | 'switchyard.reason'
  | 'switchyard.role'

/** Name of a metric. */
export type InstrumentName =
  | 'db.client.operation.duration'
  | 'db.client.connection.count'
  | 'db.client.connection.idle.max'
  | 'db.client.connection.idle.min'
  | 'db.client.connection.max'
  | 'db.client.connection.pending_requests'
  | 'db.client.connection.timeouts'
  | 'db.client.connection.create_time'
  | 'db.client.connection.wait_time'
  | 'db.client.connection.use_time'
  | 'switchyard.statements'
  | 'switchyard.wait.duration'
  | 'switchyard.retries'
  | 'switchyard.repairs'
  | 'switchyard.spills'
  | 'switchyard.transactions.moved'
  | 'switchyard.tokens.rejected'
  | 'switchyard.events'
  | 'switchyard.node.state'
  | 'switchyard.node.lag'
  | 'switchyard.node.wal_behind'
  | 'switchyard.node.statements'
  | 'switchyard.node.reads'
  | 'switchyard.offload'

const NODE: readonly AttributeName[] = ['switchyard.node', 'switchyard.role']

/**
 * All metrics, named by the semantic conventions of OpenTelemetry where these have one.
 *
 * Source: OpenTelemetry Semantic Conventions 1.36, Database Client Metrics.
 */
export const INSTRUMENTS: Readonly<Record<InstrumentName, Instrument>> = {
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Duration of statements, from the call to the answer, retries included.',
    attributes: [
      'db.system.name',
      'db.operation.name',
      'server.address',
      'server.port',
      'error.type',
      'switchyard.role',
    ],
  },
  'db.client.connection.count': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections to each node, idle and used.',
    attributes: ['switchyard.node', 'db.client.connection.state'],
  },
  'db.client.connection.idle.max': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Maximum number of idle connections to each node.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.idle.min': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Number of idle connections to each node that are not closed after idleTimeoutMillis.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.max': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Maximum number of connections to each node.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.pending_requests': {
    kind: 'gauge',
    unit: '{request}',
    description: 'Callers that wait for a connection to each node.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.timeouts': {
    kind: 'counter',
    unit: '{timeout}',
    description:
      'Callers that have waited for a connection to each node for longer than connectionTimeoutMillis.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.create_time': {
    kind: 'histogram',
    unit: 's',
    description: 'Time that it took to open a connection to each node.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.wait_time': {
    kind: 'histogram',
    unit: 's',
    description: 'Time from the request for a connection to each node to its lease.',
    attributes: ['switchyard.node'],
  },
  'db.client.connection.use_time': {
    kind: 'histogram',
    unit: 's',
    description: 'Time from the lease of a connection to each node to its return.',
    attributes: ['switchyard.node'],
  },
  'switchyard.statements': {
    kind: 'counter',
    unit: '{statement}',
    description: 'Statements by the role of the node that they ran on and the reason for the route.',
    attributes: ['switchyard.role', 'switchyard.reason'],
  },
  'switchyard.wait.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Waits of at least 1 ms of statements before they were sent, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.retries': {
    kind: 'counter',
    unit: '{retry}',
    description: 'Failed attempts after which a statement was sent again, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.repairs': {
    kind: 'counter',
    unit: '{repair}',
    description: 'Reads that a replica rejected and the primary ran, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.spills': {
    kind: 'counter',
    unit: '{read}',
    description: 'Proven reads that the primary ran in place of a replica, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.transactions.moved': {
    kind: 'counter',
    unit: '{transaction}',
    description: 'Transactions that moved from a replica to the primary, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.tokens.rejected': {
    kind: 'counter',
    unit: '{token}',
    description: 'Sessions that began with a token that was rejected, by reason.',
    attributes: ['switchyard.reason'],
  },
  'switchyard.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'Events of the pool that concern no single statement.',
    attributes: ['switchyard.event'],
  },
  'switchyard.node.state': {
    kind: 'gauge',
    unit: '{node}',
    description: 'Constant 1 for the present state of each node.',
    attributes: [...NODE, 'switchyard.node.state'],
  },
  'switchyard.node.lag': {
    kind: 'gauge',
    unit: 's',
    description: 'Time for which each replica has been behind. Absent while it is unknown.',
    attributes: ['switchyard.node'],
  },
  'switchyard.node.wal_behind': {
    kind: 'gauge',
    unit: 'By',
    description: 'WAL that each replica has not replayed. Absent while it is unknown.',
    attributes: ['switchyard.node'],
  },
  'switchyard.node.statements': {
    kind: 'counter',
    unit: '{statement}',
    description: 'Statements sent to each node, by its role at that time.',
    attributes: NODE,
  },
  'switchyard.node.reads': {
    kind: 'counter',
    unit: '{read}',
    description: 'Proven reads that each node answered, by its role at that time.',
    attributes: NODE,
  },
  'switchyard.offload': {
    kind: 'gauge',
    unit: '1',
    description: 'Share of the proven reads that replicas answered since the start, from 0 to 1.',
    attributes: [],
  },
}

/** Names and definitions of all metrics. */
export const ALL_INSTRUMENTS: readonly (readonly [InstrumentName, Instrument])[] = Object.entries(
  INSTRUMENTS,
) as [InstrumentName, Instrument][]

/**
 * Bounds of the buckets of durations, in seconds.
 *
 * Source: OpenTelemetry Semantic Conventions, `db.client.operation.duration`.
 */
export const DURATION_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
