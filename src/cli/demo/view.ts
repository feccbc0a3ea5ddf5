import type { ExplainedPlan } from '../../observability/explain.ts'
import type { NodeStats, PoolStats } from '../../observability/stats.ts'
import type { Rejection } from '../../selection/query-plan.ts'
import type { Tally } from './tally.ts'

/** Status of a node for a read without freshness requirements. */
export type Standing = 'primary' | 'in rotation' | Rejection

/** One line of the table. */
export interface NodeView {
  readonly name: string
  readonly id: string
  readonly role: NodeStats['role']
  readonly standing: Standing
  /** `undefined` when unknown, and on a primary. */
  readonly lagMs: number | undefined
  readonly lagBytes: number | undefined
  readonly connections: number
  /** Statements sent there so far. */
  readonly queries: number
  readonly queriesPerSecond: number
  /** Share of all answered reads that it answered: recently, and in total. 0 to 1. */
  readonly recentShare: number
  readonly totalShare: number
}

/** Everything that the demo shows at one moment. */
export interface View {
  readonly elapsedMs: number
  readonly nodes: readonly NodeView[]
  /** Share of the reads off the primary so far, 0 to 1. */
  readonly offload: number
  readonly queries: number
  readonly queriesPerSecond: number
  readonly reads: number
  readonly checks: number
  readonly violations: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The counters at one moment. */
export interface Sample {
  readonly atMs: number
  readonly stats: PoolStats
  /** Plan of a read in a session without writes. */
  readonly plan: ExplainedPlan
  readonly queries: number
  readonly reads: number
}

/**
 * Computes the view at `now`, with rates since `before`. `names` are the nodes' names in the order of the pool's nodes.
 */
export function viewOf(
  now: Sample,
  before: Sample,
  elapsedMs: number,
  names: readonly string[],
  tally: Pick<Tally, 'checks' | 'violations' | 'errors' | 'latency'>,
): View {
  const perSecond = 1000 / Math.max(1, now.atMs - before.atMs)
  const total = readsOfNodes(now.stats, now.reads)
  const previous = readsOfNodes(before.stats, before.reads)
  const recent = total.map((reads, index) => Math.max(0, reads - (previous[index] ?? 0)))
  // Nodes count a read when it is sent, and the program when it has its answer.
  const sent = recent.reduce((sum, reads) => sum + reads, 0)
  const nodes = now.stats.nodes.map((node, index): NodeView => ({
    name: names[index] ?? node.id,
    id: node.id,
    role: node.role,
    standing: standingOf(node, now.plan),
    lagMs: node.lagMs,
    lagBytes: node.lagBytes,
    connections: node.connections.total,
    queries: node.queries,
    queriesPerSecond: (node.queries - (before.stats.nodes[index]?.queries ?? 0)) * perSecond,
    recentShare: share(recent[index] ?? 0, Math.max(sent, now.reads - before.reads)),
    totalShare: share(total[index] ?? 0, now.reads),
  }))
  return {
    elapsedMs,
    nodes,
    offload: offloadOf(now.stats, now.reads),
    queries: now.queries,
    queriesPerSecond: (now.queries - before.queries) * perSecond,
    reads: now.reads,
    checks: tally.checks,
    violations: tally.violations,
    errors: tally.errors,
    p50Ms: tally.latency.quantile(0.5),
    p99Ms: tally.latency.quantile(0.99),
  }
}

/**
 * Returns the share of the program's SELECTs that replicas answered. The pool's own figure excludes a SELECT that it
 * classified as a write; here it counts as a read on the primary.
 */
export function offloadOf(stats: PoolStats, reads: number): number {
  return share(stats.offload * stats.reads, reads)
}

/** Returns the reads of each node. Replicas get only reads; the primary answered the others. */
function readsOfNodes({ nodes }: PoolStats, reads: number): readonly number[] {
  const elsewhere = nodes.reduce((sum, node) => (isPrimary(node) ? sum : sum + node.queries), 0)
  return nodes.map((node) => (isPrimary(node) ? Math.max(0, reads - elsewhere) : node.queries))
}

function isPrimary({ role }: NodeStats): boolean {
  return role === 'primary'
}

function standingOf(node: NodeStats, plan: ExplainedPlan): Standing {
  if (isPrimary(node)) return 'primary'
  return plan.rejected.find(({ node: id }) => id === node.id)?.reason ?? 'in rotation'
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole))
}
