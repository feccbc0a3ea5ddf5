import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { FAILOVER_TIMEOUT_MS, planOf, views } from '../../test/support/execution-bench.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import type { Showing } from '../consistency/unshown.ts'
import type { NodeView } from '../topology/snapshot.ts'

function read(bench: ReaderBench, word: string, isWorthWaiting: boolean): void {
  const behind = isWorthWaiting ? { catchingUp: [views.c] } : {}
  const plan = (): ReturnType<typeof planOf> => ({ ...planOf(word), ...behind })
  bench.reader().read(bench.readOf(plan), bench.done)
}

describe('a read whose replicas are behind', () => {
  it('waits for one of them, and takes the plan that comes of it', async () => {
    const bench = new ReaderBench()
    bench.answers['b'] = 'b'
    bench.plans.push('bp')
    read(bench, 'p', true)
    await settle()
    expect(bench.log).toContain('awaits a replica for 100')
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

describe('a read of a session that has seen more than the primary may show', () => {
  function follow(
    bench: ReaderBench,
    word: string,
    ...showings: readonly (Showing | Error)[]
  ): { asked: number; answeredBy: string[] } {
    const seen = { asked: 0, answeredBy: [] as string[] }
    const showing = async (): Promise<Showing> => {
      const next = showings[Math.min(seen.asked, showings.length - 1)]
      seen.asked += 1
      if (next instanceof Error) throw next
      return next ?? 'shown'
    }
    const answered = ({ id }: NodeView): void => void seen.answeredBy.push(id)
    const plan = (): ReturnType<typeof planOf> => planOf(word)
    bench
      .reader({ catchUpTimeoutMs: 0 })
      .read(bench.readOf(plan, { follower: { isMonotonic: true, answered, showing } }), bench.done)
    return seen
  }

  it.each(['shown', 'unknown'] as const)('runs there when that is %s', async (showing) => {
    const bench = new ReaderBench()
    bench.answers['p'] = 'p'
    const seen = follow(bench, 'p', showing)
    await settle()
    expect([bench.sent, bench.outcome, seen]).toEqual(['p', 'p', { asked: 1, answeredBy: ['p'] }])
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
