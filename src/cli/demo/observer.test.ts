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

  stats(): PoolStats {
    const connections = { total: 0, idle: 0, waiting: 0 }
    const node = {
      id: 'r',
      role: 'replica',
      state: 'replica',
      lagBytes: 0,
      queries: 0,
      reads: 0,
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

function setUp(): { pool: FakePool; observer: Observer; chronicle: Chronicle } {
  const pool = new FakePool()
  const clock = { now: () => 0, pause: () => Promise.resolve(), isOver: false }
  const chronicle = new Chronicle(() => 1234)
  const observer = new Observer({ pool, names: ['replica 1'], tally: new Tally(), clock, chronicle })
  return { pool, observer, chronicle }
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

  it('lets everybody go in the end, also those who come later', async () => {
    const { observer } = setUp()
    await observer.look()
    const early = observer.until('replica 1', () => false)
    observer.end()
    const late = observer.until('replica 1', () => false)
    await expect(Promise.all([early, late])).resolves.toHaveLength(2)
  })
})
