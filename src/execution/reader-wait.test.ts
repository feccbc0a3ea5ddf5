import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { FAILOVER_TIMEOUT_MS, planOf, reset, server, views } from '../../test/support/execution-bench.ts'
import { ReaderBench, type Given } from '../../test/support/reader-bench.ts'
import type { Showing } from '../consistency/unshown.ts'
import type { ReadFollower } from './read.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'

function read(bench: ReaderBench, word: string, isWorthWaiting: boolean): void {
  const behind = isWorthWaiting ? { catchingUp: [views.c] } : {}
  const plan = (): ReturnType<typeof planOf> => ({ ...planOf(word), ...behind })
  bench.reader().read(bench.readOf(plan), bench.done)
}

const notMonotonic: ReadFollower = { isMonotonic: false, answered: () => {}, showing: undefined }

/** The follower of a session, which has read on replicas if it is given what the primary shows of that. */
function monotonic(showing?: Showing): ReadFollower {
  if (showing === undefined) return { isMonotonic: true, answered: () => {}, showing }
  return proving(() => Promise.resolve(showing))
}

function proving(prove: () => Promise<Showing>, judge?: () => boolean): ReadFollower {
  return { isMonotonic: true, answered: () => {}, showing: { prove, judge, heard: () => undefined } }
}

/** Runs a read whose replicas are behind: `p^` for a primary that is quicker, `p` for replicas that follow closely. */
function readBehind(bench: ReaderBench, word: string, follower?: ReadFollower, given: Given = {}): void {
  const plan = { ...planOf(word), catchingUp: [views.c] }
  bench.reader(given).read(
    bench.readOf(() => plan, { follower }),
    bench.done,
  )
}

describe('a read whose replicas are behind', () => {
  it('waits for one of them, and takes the plan that comes of it', async () => {
    const bench = new ReaderBench()
    bench.answers['b'] = 'b'
    bench.plans.push('bp')
    read(bench, 'p', true)
    await settle()
    expect(bench.log).toContain('awaits a replica for 50')
    expect([bench.sent, bench.outcome]).toEqual(['b', 'b'])
  })

  it('goes to the primary when none has come in time', async () => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    bench.plans.push('p')
    read(bench, 'p', true)
    await settle()
    expect([bench.sent, bench.outcome]).toEqual(['p', 'p'])
  })

  it('does not wait where that is no use', async () => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    read(bench, 'p', false)
    await settle()
    expect(bench.log.filter((line) => line.startsWith('awaits'))).toEqual([])
    expect([bench.sent, bench.outcome]).toEqual(['p', 'p'])
  })

  it('fails alone when its plan cannot be made', async () => {
    const bench = new ReaderBench()
    bench.cluster.awaitReplica = () => Promise.reject(new Error('no order'))
    read(bench, 'p', true)
    await settle()
    expect(bench.outcome).toBe('no order')
  })
})

describe('a read that the primary answers sooner', () => {
  it.each<readonly [what: string, plan: string, follower: ReadFollower | undefined, sent: string]>([
    ['goes there at once', 'p^', undefined, 'p'],
    ['waits for replicas that follow closely', 'p', notMonotonic, 'b'],
    ['goes there in a session that has not read', 'p^', monotonic(), 'p'],
    ['waits in a session whose replicas follow closely', 'p', monotonic(), 'b'],
    ['goes there when it shows what the session has seen', 'p^', monotonic('shown'), 'p'],
    ['goes there when nobody can tell', 'p^', monotonic('unknown'), 'p'],
    ['waits while it does not show what the session has seen', 'p^', monotonic('hidden'), 'b'],
  ])('%s', async (_what, word, by, sent) => {
    const bench = new ReaderBench()
    Object.assign(bench.answers, { b: 'b', p: 'p' })
    bench.plans.push('bp')
    readBehind(bench, word, by, { catchUpTimeoutMs: 0 })
    await settle()
    expect([bench.sent, bench.outcome]).toEqual([sent, sent])
    expect(bench.log[0]).toBe('follows')
    const waits = bench.log.filter((line) => line.startsWith('awaits'))
    const timeoutMs = word === 'p' ? 50 : 100
    expect(waits).toEqual(sent === 'b' ? [`awaits a replica for ${timeoutMs}`] : [])
    expect(bench.freePlaces).toBe(9)
  })

  it('goes to the primary when the replicas did not follow as closely as expected', async () => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    bench.plans.push('p^')
    readBehind(bench, 'p')
    await settle()
    expect([bench.sent, bench.outcome]).toEqual(['p', 'p'])
    expect(bench.log.filter((line) => line.startsWith('awaits'))).toEqual(['awaits a replica for 50'])
  })

  it('goes there at once for a while after one has waited without success', async () => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    bench.catchingUp = [views.c]
    bench.plans.push('p')
    const reader = bench.reader()
    const plan = { ...planOf('p'), catchingUp: [views.c] }
    const waits = async (): Promise<number> => {
      const before = bench.log.length
      reader.read(
        bench.readOf(() => plan),
        bench.done,
      )
      await settle()
      return bench.log.slice(before).filter((line) => line.startsWith('awaits')).length
    }
    expect([await waits(), await waits()]).toEqual([1, 0])
    await bench.platform.advance(1_000)
    bench.plans.push('p')
    expect(await waits()).toBe(1)
  })

  it('goes there at once for a while when many have waited', async () => {
    const bench = new ReaderBench()
    Object.assign(bench.answers, { b: 'b', p: 'p' })
    const reader = bench.reader()
    const plan = { ...planOf('p'), catchingUp: [views.c] }
    const waitsOf = async (reads: number): Promise<number> => {
      const before = bench.log.length
      for (let i = 0; i < reads; i++) {
        bench.plans.push('bp')
        reader.read(
          bench.readOf(() => plan),
          bench.done,
        )
        await settle()
      }
      return bench.log.slice(before).filter((line) => line.startsWith('awaits')).length
    }
    expect(await waitsOf(25)).toBe(25)
    await bench.platform.advance(200)
    expect(await waitsOf(40)).toBe(31)
    await bench.platform.advance(1_000)
    expect(await waitsOf(10)).toBe(10)
  })

  it('goes there at once for a while when a few have waited for long', async () => {
    const bench = new ReaderBench()
    Object.assign(bench.answers, { b: 'b', p: 'p' })
    const reader = bench.reader()
    const { awaitReplica } = bench.cluster
    Object.assign(bench.cluster, {
      awaitReplica: async (...given: Parameters<typeof awaitReplica>) => {
        await bench.platform.advance(20)
        return awaitReplica(...given)
      },
    })
    const plan = { ...planOf('p'), catchingUp: [views.c] }
    for (let i = 0; i < 10; i++) {
      bench.plans.push('bp')
      const { outcome } = bench
      reader.read(
        bench.readOf(() => plan),
        bench.done,
      )
      while (bench.outcome === outcome) await settle()
    }
    expect(bench.log.filter((line) => line.startsWith('awaits'))).toHaveLength(5)
  })

  it('waits on for the replicas when there is no slot then', async () => {
    const bench = new ReaderBench()
    bench.read('p', { places: 1 })
    bench.answers['b'] = 'b'
    bench.catchingUp = [views.c]
    bench.plans.push('p^', 'bp')
    readBehind(bench, 'p')
    await settle()
    expect([bench.sent, bench.outcome]).toEqual(['pb', 'b'])
    expect(bench.log.filter((line) => line.startsWith('awaits'))).toEqual([
      'awaits a replica for 50',
      'awaits a replica for 100',
    ])
  })

  it('waits for the replicas when there is no slot on the primary, and fails for neither', async () => {
    const bench = new ReaderBench()
    bench.read('p', { places: 1 })
    bench.answers['b'] = 'b'
    bench.plans.push('bp')
    readBehind(bench, 'p^')
    await settle()
    expect([bench.sent, bench.outcome]).toEqual(['pb', 'b'])
    expect(bench.log).not.toContain('spillRefused')
  })

  it('takes the slot that is free before a replica has caught up, and runs once', async () => {
    const bench = new ReaderBench()
    let catchUp = (_plan: QueryPlan): void => {}
    bench.cluster.awaitReplica = () => new Promise((resolve) => (catchUp = resolve))
    bench.read('p', { places: 1 })
    readBehind(bench, 'p^')
    await settle()
    expect(bench.sent).toBe('p')
    bench.waiting[0]?.(undefined, 'first')
    expect(bench.sent).toBe('pp')
    catchUp(planOf('bp'))
    await settle()
    bench.waiting[1]?.(undefined, 'second')
    expect([bench.sent, bench.outcome]).toEqual(['pp', 'first and second'])
    expect(bench.spill?.tryEnter()).toBe(true)
  })

  it('takes the slot that came free while a replica was asked', async () => {
    const bench = new ReaderBench()
    bench.cluster.awaitReplica = () => new Promise(() => {})
    await bench.platform.advance(2_000)
    let refuse = (): void => {}
    bench.nodes.c.leaseError = server('53300')
    bench.nodes.c.deferLease = (callBack) => (refuse = callBack)
    bench.read('p', { places: 1 })
    const plan = { ...planOf('p^'), catchingUp: [views.c] }
    const position = { lsn: 0x1000n, systemIdentifier: '7000', timeline: 1 }
    bench.reader().read(
      bench.readOf(() => plan, { position }),
      bench.done,
    )
    bench.waiting[0]?.(undefined, 'first')
    expect(bench.sent).toBe('p')
    refuse()
    bench.waiting[1]?.(undefined, 'second')
    expect([bench.sent, bench.outcome]).toEqual(['pp', 'first and second'])
  })

  it('leaves a slot to others once a replica has caught up', async () => {
    const bench = new ReaderBench()
    bench.answers['b'] = 'b'
    bench.read('p', { places: 1 })
    bench.plans.push('bp')
    readBehind(bench, 'p^')
    await settle()
    bench.waiting[0]?.(undefined, 'first')
    expect([bench.sent, bench.spill?.tryEnter()]).toEqual(['pb', true])
  })

  it('waits on when the primary that has room does not show what the session has seen', async () => {
    const bench = new ReaderBench()
    let catchUp = (_plan: QueryPlan): void => {}
    bench.cluster.awaitReplica = () => new Promise((resolve) => (catchUp = resolve))
    bench.answers['b'] = 'b'
    const showings: Showing[] = ['shown', 'hidden']
    bench.read('p', { places: 1 })
    readBehind(
      bench,
      'p^',
      proving(async () => showings.shift() ?? 'hidden'),
    )
    await settle()
    bench.waiting[0]?.(undefined, 'first')
    catchUp(planOf('bp'))
    await settle()
    expect([bench.sent, bench.outcome]).toEqual(['pb', 'first and b'])
  })

  it('takes a slot when no replica has caught up in time', async () => {
    const bench = new ReaderBench()
    bench.read('p', { places: 1 })
    bench.plans.push('p^')
    readBehind(bench, 'p^')
    await settle()
    expect(bench.sent).toBe('p')
    bench.waiting[0]?.(undefined, 'first')
    bench.waiting[1]?.(undefined, 'second')
    expect([bench.sent, bench.outcome]).toEqual(['pp', 'first and second'])
  })

  it('moves on when the primary fails', async () => {
    const bench = new ReaderBench()
    Object.assign(bench.answers, { p: reset(), b: 'b' })
    bench.plans.push('b')
    readBehind(bench, 'p^')
    await bench.platform.advance(100)
    expect(bench.outcome).toBe('b')
  })
})

describe('a read of a session that has seen more than the primary may show', () => {
  function follow(
    bench: ReaderBench,
    word: string,
    ...showings: readonly (Showing | Error)[]
  ): { asked: number; answeredBy: string[] } {
    const seen = { asked: 0, answeredBy: [] as string[] }
    const prove = async (): Promise<Showing> => {
      const next = showings[Math.min(seen.asked, showings.length - 1)]
      seen.asked += 1
      if (next instanceof Error) throw next
      return next ?? 'shown'
    }
    const answered = ({ id }: NodeView): void => void seen.answeredBy.push(id)
    const plan = (): ReturnType<typeof planOf> => planOf(word)
    bench.reader({ catchUpTimeoutMs: 0 }).read(
      bench.readOf(plan, {
        follower: { ...proving(prove), answered },
      }),
      bench.done,
    )
    return seen
  }

  it.each(['shown', 'unknown'] as const)('runs there when that is %s', async (showing) => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    const seen = follow(bench, 'p', showing)
    await settle()
    expect([bench.sent, bench.outcome, seen]).toEqual(['p', 'p', { asked: 1, answeredBy: ['p'] }])
  })

  it.each([
    [true, 'p', 0],
    [false, 'pp', 1],
  ] as const)('asks in one round trip with it, which proves it: %s', async (proves, sent, asked) => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    let asks = 0
    const prove = async (): Promise<Showing> => {
      asks += 1
      return 'shown'
    }
    const follower = proving(prove, () => proves)
    readBehind(bench, 'p^', follower, { catchUpTimeoutMs: 0 })
    await settle()
    expect([bench.sent, bench.outcome, asks, bench.freePlaces]).toEqual([sent, 'p', asked, 9])
  })

  it('waits for a slot only where it is proven', async () => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    let asks = 0
    const prove = async (): Promise<Showing> => {
      asks += 1
      return asks === 1 ? 'hidden' : 'shown'
    }
    const follower = proving(prove, () => true)
    bench.plans.push('p', 'p', 'p')
    readBehind(bench, 'p^', follower, { places: 0, catchUpTimeoutMs: 50 })
    await bench.platform.advance(200)
    expect(bench.sent).toBe('')
    expect(asks).toBeGreaterThan(0)
  })

  it('asks nothing while a replica serves it', async () => {
    const bench = new ReaderBench()
    bench.answers['b'] = 'b'
    const seen = follow(bench, 'bp', 'hidden')
    await settle()
    expect([bench.outcome, seen]).toEqual(['b', { asked: 0, answeredBy: ['b'] }])
  })

  it('takes the plan that there is then, when it is hidden', async () => {
    const bench = new ReaderBench()
    bench.answers['b'] = 'b'
    bench.plans.push('bp')
    const seen = follow(bench, 'p', 'hidden')
    await bench.platform.advance(100)
    expect([bench.sent, bench.outcome, seen]).toEqual(['b', 'b', { asked: 1, answeredBy: ['b'] }])
  })

  it('fails when it stays hidden, and holds no place on the primary meanwhile', async () => {
    const bench = new ReaderBench()
    for (let i = 0; i < 500; i++) bench.plans.push('p')
    follow(bench, 'p', 'hidden')
    await bench.platform.advance(100)
    expect([bench.outcome, bench.freePlaces]).toEqual(['', 9])
    await bench.platform.advance(FAILOVER_TIMEOUT_MS + 1000)
    expect(bench.outcome).toMatch(/does not show yet/)
    expect(bench.sent).toBe('')
  })

  it('fails alone when that cannot be asked', async () => {
    const bench = new ReaderBench()
    follow(bench, 'p', new Error('broken'))
    await settle()
    expect(bench.outcome).toBe('broken')
  })
})
