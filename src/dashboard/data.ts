import type { PoolConfig } from 'pg'
import { nodeIdOf } from '../config/nodes.ts'
import type { NodeStats, PoolStats } from '../observability/stats.ts'
import type { PrimaryReads } from '../observability/traffic.ts'
import type { Change } from './changes.ts'
import type { Percentiles } from './latest.ts'
import type { NodeHistory, SampledNode } from './node-history.ts'
import { WAIT_WORDS } from '../observability/reason-words.ts'
import type { WaitingStatement } from '../observability/tracer.ts'
import { cut, type StatementRow } from './statement-row.ts'

/** The parts of a pool that the page shows. */
export interface PoolFigures {
  readonly options: Pick<PoolConfig, 'connectionString' | 'host' | 'max' | 'port'> & {
    readonly name?: string | undefined
  }
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
  stats(): PoolStats
}

/** One server on the page. */
export interface NodeRow {
  readonly id: string
  readonly role: string
  readonly state: string
  readonly cause?: string
  /** `null` while it is unknown, and on a primary. */
  readonly lagMs: number | null
  readonly lagBytes: number | null
  readonly perSecond: number
  /** Share of the statements of the last minute, from 0 to 1. */
  readonly share: number
  readonly connections: {
    readonly used: number
    readonly idle: number
    readonly max: number
    readonly waiting: number
  }
  readonly latency: Percentiles
  /** Statements per second, and lag in milliseconds, once a second, the oldest first. */
  readonly loads: readonly number[]
  readonly lags: readonly (number | null)[]
}

/** Something counted by its reason. */
export interface ReasonRow {
  readonly what: 'wait' | 'retry' | 'spill' | 'repair'
  readonly reason: string
  readonly count: number
  /** Duration of all of them. */
  readonly totalMs?: number
}

/** A statement that waits. */
export interface WaitingRow {
  readonly sql: string
  /** Reason for the wait, in words. */
  readonly what: string
  readonly forMs: number
}

/** Everything that the page shows at one moment. */
export interface DashboardData {
  readonly title: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** False for a pool of one node. */
  readonly isRouted: boolean
  /** True once `end()` was called. */
  readonly hasEnded: boolean
  readonly catalog: PoolStats['catalog']
  readonly nodes: readonly NodeRow[]
  readonly traffic: {
    readonly selects: number
    readonly offload: number
    readonly reads: number
    readonly readOffload: number
  }
  readonly latencies: readonly (Percentiles & { readonly role: string })[]
  /** The statements that wait at this moment, the longest wait first. */
  readonly waiting: readonly WaitingRow[]
  readonly latest: readonly StatementRow[]
  readonly notable: readonly StatementRow[]
  readonly reasons: readonly ReasonRow[]
  readonly onPrimary: readonly PrimaryReads[]
  readonly changes: readonly Change[]
}

/** Number of samples of a minute. */
const MINUTE = 60
const DEFAULT_MAX = 10
const NONE: Percentiles = { count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 }

/** Returns the nodes for a point of their curves. The statistics of a pool of one node do not name it. */
export function sampledNodes(
  { options }: PoolFigures,
  { nodes, traffic }: PoolStats,
  isRouted: boolean,
): readonly SampledNode[] {
  if (isRouted) return nodes
  const id = nodeIdOf(options)
  return [{ id, lagMs: undefined, queries: traffic?.latencies[id]?.count ?? 0, role: 'unknown' }]
}

/** Returns one row for each node. */
export function nodeRows(
  pool: PoolFigures,
  stats: PoolStats,
  history: NodeHistory,
  isRouted: boolean,
): readonly NodeRow[] {
  const { nodes, traffic } = stats
  const max = pool.options.max ?? DEFAULT_MAX
  if (!isRouted) return [singleNode(pool, stats, history, max)]
  const total = nodes.reduce((sum, { id }) => sum + history.recent(id, MINUTE), 0)
  return nodes.map((node) => {
    const points = history.of(node.id)
    return {
      ...standingOf(node),
      perSecond: points.at(-1)?.perSecond ?? 0,
      share: total === 0 ? 0 : history.recent(node.id, MINUTE) / total,
      connections: connectionsOf(node.connections, max),
      latency: percentilesOf(traffic?.latencies[node.id]),
      loads: points.map(({ perSecond }) => Math.round(perSecond)),
      lags: points.map(({ lagMs }) => (lagMs === null ? null : Math.round(lagMs))),
    }
  })
}

/** Returns the waits, retries, spills and repairs of a pool by reason. */
export function reasonRows({ traffic }: PoolStats): readonly ReasonRow[] {
  if (traffic === undefined) return []
  const counted = (what: ReasonRow['what'], counts: Readonly<Record<string, number>>): ReasonRow[] =>
    Object.entries(counts).map(([reason, count]) => ({ what, reason, count }))
  return [
    ...Object.entries(traffic.waits).map(([reason, wait]) => ({ what: 'wait' as const, reason, ...wait })),
    ...counted('retry', traffic.retries),
    ...counted('spill', traffic.spills),
    ...counted('repair', traffic.repairs),
  ]
}

/** Number of waiting statements that are shown. */
const MOST_WAITING = 20

/** Returns the statements that wait, with what they wait for. */
export function waitingRows(waiting: readonly WaitingStatement[]): readonly WaitingRow[] {
  return waiting.slice(0, MOST_WAITING).map(({ forMs, reason, sql = '', tier }) => ({
    sql: cut(sql),
    what: tier === undefined ? WAIT_WORDS[reason] : `${WAIT_WORDS[reason]}, tier ${tier}`,
    forMs,
  }))
}

function standingOf({
  cause,
  id,
  lagBytes,
  lagMs,
  role,
  state,
}: NodeStats): Pick<NodeRow, 'id' | 'role' | 'state' | 'cause' | 'lagMs' | 'lagBytes'> {
  const isReplica = role === 'replica'
  return {
    id,
    role,
    state,
    ...(cause === undefined ? {} : { cause }),
    lagMs: (isReplica ? lagMs : undefined) ?? null,
    lagBytes: (isReplica ? lagBytes : undefined) ?? null,
  }
}

function connectionsOf(
  { idle, total, waiting }: NodeStats['connections'],
  max: number,
): NodeRow['connections'] {
  return { used: total - idle, idle, max, waiting }
}

function percentilesOf(latencies: Percentiles | undefined): Percentiles {
  if (latencies === undefined) return NONE
  const { count, p50Ms, p95Ms, p99Ms } = latencies
  return { count, p50Ms, p95Ms, p99Ms }
}

function singleNode(pool: PoolFigures, { traffic }: PoolStats, history: NodeHistory, max: number): NodeRow {
  const { idleCount: idle, totalCount: total, waitingCount: waiting } = pool
  const id = nodeIdOf(pool.options)
  const points = history.of(id)
  return {
    id,
    role: 'unknown',
    state: 'not watched',
    lagMs: null,
    lagBytes: null,
    perSecond: points.at(-1)?.perSecond ?? 0,
    share: history.recent(id, MINUTE) === 0 ? 0 : 1,
    connections: connectionsOf({ idle, total, waiting }, max),
    latency: percentilesOf(traffic?.latencies[id]),
    loads: points.map(({ perSecond }) => Math.round(perSecond)),
    lags: [],
  }
}
