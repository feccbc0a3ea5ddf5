import { createRandom } from '../../src/cli/demo/random.ts'
import type { Balancer, BalancerContext } from '../../src/selection/balancer.ts'
import type { NodeId } from '../../src/topology/node.ts'
import type { NodeView } from '../../src/topology/snapshot.ts'
import { replicaView } from './views.ts'

/** Replicas a, b, c … with these weights. */
export function weighted(...weights: readonly number[]): readonly NodeView[] {
  return weights.map((weight, index) => replicaView('abcdefgh'[index] ?? '', undefined, { weight }))
}

export function ids(nodes: readonly NodeView[]): string {
  return nodes.map(({ id }) => id).join('')
}

/** Nothing is in flight but what is said, and chance always says 0 unless a number of it is given. */
export function momentOf(
  inFlight: Readonly<Record<NodeId, number>> = {},
  chance: number | (() => number) = 0,
  nowMs = 0,
): BalancerContext {
  const random = typeof chance === 'number' ? (): number => chance : chance
  return { nowMs, random, inFlight: (id) => inFlight[id] ?? 0 }
}

/** Chance that can be had again. */
export function seeded(seed = 1): () => number {
  const random = createRandom(seed)
  return () => random.between(0, 1)
}

export interface Simulation {
  readonly balancer: Balancer
  readonly candidates: readonly NodeView[]
  /** How long a read takes on this node, in milliseconds. */
  readonly serviceMs: (id: NodeId, nowMs: number) => number
  readonly readsPerSecond: number
  readonly seconds: number
  /** How many reads a node runs at once; others wait there. @defaultValue 10 */
  readonly places?: number
}

export interface Simulated {
  readonly share: Readonly<Record<NodeId, number>>
  readonly p99Ms: number
  readonly meanMs: number
}

interface Server {
  /** When each of its places is free again. */
  readonly freeAtMs: number[]
  /** Ends of what is in flight. */
  ends: { readonly atMs: number; readonly startedAtMs: number }[]
}

/** Reads that arrive at random times, whatever has become of those before; in no time at all. */
export function simulate(simulation: Simulation): Simulated {
  const { balancer, candidates, places = 10, readsPerSecond, seconds, serviceMs } = simulation
  const random = seeded(7)
  const servers = new Map<NodeId, Server>()
  for (const { id } of candidates)
    servers.set(id, { freeAtMs: Array.from({ length: places }, () => 0), ends: [] })
  const took: number[] = []
  const counts: Record<NodeId, number> = Object.fromEntries(candidates.map(({ id }) => [id, 0]))
  const finish = (untilMs: number): void => {
    const due = candidates.flatMap((node) =>
      (servers.get(node.id)?.ends ?? [])
        .filter(({ atMs }) => atMs <= untilMs)
        .map((end) => ({ node, ...end })),
    )
    for (const { node, atMs, startedAtMs } of due.toSorted((a, b) => a.atMs - b.atMs)) {
      balancer.ended?.(node, { elapsedMs: atMs - startedAtMs, expectedMs: 1, answered: true }, atMs)
    }
    for (const server of servers.values()) server.ends = server.ends.filter(({ atMs }) => atMs > untilMs)
  }
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += (-Math.log(1 - random()) * 1000) / readsPerSecond) {
    finish(nowMs)
    const inFlight = (id: NodeId): number => servers.get(id)?.ends.length ?? 0
    const context = { nowMs, random, inFlight }
    const [picked] = balancer.order(candidates, context)
    const server = picked && servers.get(picked.id)
    if (picked === undefined || server === undefined) throw new Error('A balancer gave nothing')
    balancer.started?.(picked, candidates, context)
    const place = server.freeAtMs.indexOf(Math.min(...server.freeAtMs))
    const beginsAtMs = Math.max(nowMs, server.freeAtMs[place] ?? 0)
    const atMs = beginsAtMs + serviceMs(picked.id, nowMs)
    server.freeAtMs[place] = atMs
    server.ends.push({ atMs, startedAtMs: nowMs })
    took.push(atMs - nowMs)
    counts[picked.id] = (counts[picked.id] ?? 0) + 1
  }
  const sorted = took.toSorted((a, b) => a - b)
  return {
    share: Object.fromEntries(Object.entries(counts).map(([id, count]) => [id, count / took.length])),
    p99Ms: sorted[Math.floor(took.length * 0.99)] ?? Number.NaN,
    meanMs: took.reduce((sum, ms) => sum + ms, 0) / took.length,
  }
}
