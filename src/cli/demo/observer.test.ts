import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../catalog/footprint.ts'
import type { Pool } from '../../pool/pool.ts'
import type { Explanation } from '../../observability/explain.ts'
import type { PoolStats } from '../../observability/stats.ts'
import type { Rejection } from '../../selection/query-plan.ts'
import { Chronicle } from './chronicle.ts'
import { Observer } from './observer.ts'
import { Tally } from './tally.ts'

const route = { role: 'replica', freshness: { maxStalenessMs: 2000 }, reason: 'read' } as const

class FakePool {
  reason: Rejection | undefined
  lagMs: number | undefined = 0
  queries = 0

  stats(): PoolStats {
    const connections = { total: 0, idle: 0, waiting: 0 }
    const node = {
      id: 'r',
      role: 'replica',
      state: 'replica',
      lagBytes: 0,
      queries: this.queries,
      reads: 0,
      byRole: [],
      connections,
    } as const
    return { nodes: [{ ...node, lagMs: this.lagMs }], reads: 0, offload: 0, catalog: 'loaded' }
  }

  readonly withSession = ((fn: () => unknown) => fn()) as Pool['withSession']

  async explain(): Promise<Explanation> {
    const { reason } = this
    const rejected = reason === undefined ? [] : [{ node: 'r', reason }]
    return {
      statement: {
        kind: 'read',
        reason: 'select',
        mayWrite: false,
        leavesSessionState: false,
        footprint: EVERYTHING,
        multiple: false,
      },
      session: { lastReads: 0 },
      route,
      plan: { candidates: [], rejected },
    }
  }
}

function setUp(clock = { nowMs: 0 }): {
  pool: FakePool
  observer: Observer
  chronicle: Chronicle
  tally: Tally
} {
  const pool = new FakePool()
  const tally = new Tally()
  const chronicle = new Chronicle(() => 1234)
  const observer = new Observer({
    pool,
    names: ['replica 1'],
    tally,
    clock: { now: () => clock.nowMs, pause: () => Promise.resolve(), isOver: false },
    chronicle,
  })
  return { pool, observer, chronicle, tally }
}

describe('Observer', () => {
  it('tells what becomes of a replica, each change once', async () => {
    const { pool, observer, chronicle } = setUp()
    await observer.look()
    pool.reason = 'lagging'
    pool.lagMs = 1300
    await observer.look()
    await observer.look()
    pool.reason = 'down'
    await observer.look()
    pool.reason = undefined
    await observer.look()
    expect(chronicle.happenings).toEqual([
      { atSeconds: 1.2, node: 'replica 1', what: 'out of the rotation, 1.3 s behind' },
      { atSeconds: 1.2, node: 'replica 1', what: 'down; its reads go elsewhere' },
      { atSeconds: 1.2, node: 'replica 1', what: 'back in the rotation' },
    ])
  })

  it('tells when a replica that returned has its share of the reads', async () => {
    const clock = { nowMs: 0 }
    const { pool, observer, chronicle, tally } = setUp(clock)
    const after = async (durationMs: number, reads: number, ofThem: number): Promise<void> => {
      clock.nowMs += durationMs
      for (let i = 0; i < reads; i++) tally.answered(true, 1)
      pool.queries += ofThem
      await observer.look()
    }
    await after(0, 100, 100)
    pool.reason = 'down'
    await after(100, 100, 0)
    pool.reason = undefined
    await after(100, 0, 0)
    // Too early, then too little, then enough.
    await after(400, 100, 100)
    await after(200, 100, 20)
    expect(chronicle.happenings.map(({ what }) => what)).toEqual([
      'down; its reads go elsewhere',
      'back in the rotation',
    ])
    await after(1000, 200, 190)
    await after(1000, 100, 100)
    expect(chronicle.happenings.slice(2).map(({ what }) => what)).toEqual([
      'back at its share: 77 % of the reads in the first 1.6 s',
    ])
  })

  it('does not blame a lag that is none', async () => {
    const { pool, observer, chronicle } = setUp()
    await observer.look()
    pool.reason = 'lagging'
    pool.lagMs = 0
    await observer.look()
    expect(chronicle.happenings.map(({ what }) => what)).toEqual([
      'out of the rotation, nothing proves that it is fresh',
    ])
  })

  it.each<[Rejection, readonly string[]]>([
    ['too-far-behind', ['out of the rotation, nothing proves that it is fresh']],
    ['suspected', []],
    ['ejected', ['failed repeatedly, gets no reads for a while']],
    ['old-timeline', ['an old primary, gets no writes']],
    ['lag-unknown', ['up again, lag not known yet']],
    // Steps on the way back, and what was wanted.
    ['recovering', []],
    ['drained', []],
    ['pending', []],
    ['read-only', []],
  ])('a replica that is %s', async (reason, expected) => {
    const { pool, observer, chronicle } = setUp()
    await observer.look()
    pool.reason = reason
    await observer.look()
    expect(chronicle.happenings.map(({ what }) => what)).toEqual(expected)
  })

  it('lets those go who wait for a change when it is seen', async () => {
    const { pool, observer } = setUp()
    await observer.look()
    let seen = false
    const waiting = observer
      .until('replica 1', ({ standing }) => standing === 'down')
      .then(() => {
        seen = true
      })
    await observer.look()
    expect(seen).toBe(false)
    pool.reason = 'down'
    await observer.look()
    await waiting
    expect(seen).toBe(true)
  })

  it('releases all waiting callers in the end, also later ones', async () => {
    const { observer } = setUp()
    await observer.look()
    const early = observer.until('replica 1', () => false)
    observer.end()
    const late = observer.until('replica 1', () => false)
    await expect(Promise.all([early, late])).resolves.toHaveLength(2)
  })
})
