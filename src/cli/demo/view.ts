import type { ExplainedPlan } from '../../observability/explain.ts'
import type { NodeStats, PoolStats } from '../../observability/stats.ts'
import type { Rejection } from '../../selection/query-plan.ts'
import type { Tally } from './tally.ts'

/** What a node is good for at this moment, for a read that may go to any replica. */
export type Standing = 'primary' | 'in rotation' | Rejection

/** One line of the table. */
export interface NodeView {
  readonly name: string
  readonly id: string
  readonly role: NodeStats['role']
  readonly standing: Standing
  /** `undefined` where it is not known, and on a primary. */
  readonly lagMs: number | undefined
  readonly lagBytes: number | undefined
  readonly connections: number
  /** Statements sent there so far. */
  readonly queries: number
  readonly queriesPerSecond: number
  /** Reads that it answered, of all that were answered: of late, and so far. 0 to 1. */
  readonly recentShare: number
  readonly totalShare: number
}

/** Everything that is shown, at one moment. */
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
  /** For a plain read. */
  readonly plan: ExplainedPlan
  readonly queries: number
  readonly reads: number
}

/** The view of `now`, with rates since `before`. `names` are the nodes' names in the order of the pool's nodes. */
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
  const nodes = now.stats.nodes.map((node, index): NodeView => {
    const reads = total[index] ?? 0
    return {
      name: names[index] ?? node.id,
      id: node.id,
      role: node.role,
      standing: standingOf(node, now.plan),
      lagMs: node.lagMs,
      lagBytes: node.lagBytes,
      connections: node.connections.total,
      queries: node.queries,
      queriesPerSecond: (node.queries - (before.stats.nodes[index]?.queries ?? 0)) * perSecond,
      recentShare: share(reads - (previous[index] ?? 0), now.reads - before.reads),
      totalShare: share(reads, now.reads),
    }
  })
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
 * Share of the program's SELECTs that replicas answered. The pool's own figure leaves out a SELECT that it took for a
 * write; this one counts it for what it is, a read that the primary had to do.
 */
export function offloadOf(stats: PoolStats, reads: number): number {
  return share(stats.offload * stats.reads, reads)
}

/** Only reads are sent to replicas, so all that a replica got is reads; the primary answered the others. */
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
