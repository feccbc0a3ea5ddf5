import type { NodeStats } from '../observability/stats.ts'
import { Latest } from './latest.ts'

/** A node at one moment. */
export type SampledNode = Pick<NodeStats, 'id' | 'lagMs' | 'queries' | 'role'>

/** Number of points of a curve. */
export const MOST_POINTS = 180

interface Point {
  readonly perSecond: number
  /** `null` while it is unknown, and on a primary. */
  readonly lagMs: number | null
  readonly statements: number
}

interface History {
  readonly points: Latest<Point>
  /** Counter of the node at the last sample. */
  queries: number
}

/** Load and lag of each node over the last minutes. */
export class NodeHistory {
  readonly #histories = new Map<string, History>()
  #atMs: number | undefined

  /** Adds one point for each node. Nodes that are gone are forgotten. */
  sample(nodes: readonly SampledNode[], nowMs: number): void {
    const elapsedMs = this.#atMs === undefined ? 0 : nowMs - this.#atMs
    this.#atMs = nowMs
    const ids = new Set(nodes.map(({ id }) => id))
    for (const id of this.#histories.keys()) if (!ids.has(id)) this.#histories.delete(id)
    for (const { id, lagMs, queries, role } of nodes) {
      const known = this.#histories.get(id)
      // Counters start with the pool, so the first sample has no rate.
      if (known === undefined) this.#histories.set(id, { points: new Latest(MOST_POINTS), queries })
      else {
        const statements = Math.max(0, queries - known.queries)
        const perSecond = elapsedMs === 0 ? 0 : (statements * 1000) / elapsedMs
        known.points.add({ perSecond, lagMs: role === 'replica' ? (lagMs ?? null) : null, statements })
        known.queries = queries
      }
    }
  }

  /** Points of a node, the oldest first. */
  of(id: string): readonly Point[] {
    return this.#histories.get(id)?.points.all() ?? []
  }

  /** Statements sent to a node within the last `points` samples. */
  recent(id: string, points: number): number {
    return this.of(id)
      .slice(-points)
      .reduce((sum, { statements }) => sum + statements, 0)
  }
}
