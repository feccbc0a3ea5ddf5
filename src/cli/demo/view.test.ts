import { describe, expect, it } from 'vitest'
import type { NodeStats } from '../../observability/stats.ts'
import { Tally } from './tally.ts'
import { offloadOf, viewOf, type Sample } from './view.ts'

function node(id: string, role: NodeStats['role'], queries: number, lagMs?: number): NodeStats {
  return {
    id,
    role,
    state: role === 'unknown' ? 'down' : role,
    lagBytes: undefined,
    lagMs,
    queries,
    reads: 0,
    byRole: [],
    connections: { total: 3, idle: 1, waiting: 0 },
  }
}

function sample(atMs: number, primary: number, first: number, second: number, reads: number): Sample {
  const nodes = [node('p', 'primary', primary), node('a', 'replica', first, 0), node('b', 'unknown', second)]
  const offload = reads === 0 ? 0 : (first + second) / reads
  return {
    atMs,
    stats: { nodes, reads, offload, catalog: 'loaded' },
    plan: { candidates: [], rejected: [{ node: 'b', reason: 'down' }] },
    queries: primary + first + second,
    reads,
  }
}

describe('viewOf', () => {
  it('takes rates and recent shares since the sample before, the rest since the beginning', () => {
    const view = viewOf(
      sample(3000, 300, 600, 200, 1000),
      sample(1000, 100, 200, 200, 500),
      3000,
      ['primary', 'replica 1', 'replica 2'],
      new Tally(),
    )
    expect(view).toMatchObject({ elapsedMs: 3000, offload: 0.8, queries: 1100, queriesPerSecond: 300 })
    expect(view.nodes).toMatchObject([
      { name: 'primary', standing: 'primary', queriesPerSecond: 100, recentShare: 0.2, totalShare: 0.2 },
      {
        name: 'replica 1',
        standing: 'in rotation',
        queriesPerSecond: 200,
        recentShare: 0.8,
        totalShare: 0.6,
      },
      { name: 'replica 2', standing: 'down', queriesPerSecond: 0, recentShare: 0, totalShare: 0.2 },
    ])
  })

  it('shows no more than all reads while some have no answer yet', () => {
    const view = viewOf(sample(2000, 0, 630, 420, 1000), sample(1000, 0, 0, 0, 0), 2000, [], new Tally())
    expect(view.nodes.map(({ recentShare }) => recentShare)).toEqual([0, 0.6, 0.4])
  })

  it('divides by nothing while nothing happened', () => {
    const idle = sample(0, 0, 0, 0, 0)
    const view = viewOf(idle, idle, 0, [], new Tally())
    expect([view.queriesPerSecond, view.offload, view.nodes[1]?.recentShare]).toEqual([0, 0, 0])
  })
})

describe('offloadOf', () => {
  it("is the pool's own figure when the pool took every SELECT for a read", () => {
    expect(offloadOf(sample(0, 100, 600, 200, 1000).stats, 1000)).toBeCloseTo(0.8)
  })

  it('counts a SELECT that the pool took for a write as a read on the primary', () => {
    expect(offloadOf(sample(0, 100, 600, 200, 1000).stats, 1600)).toBeCloseTo(0.5)
  })
})
