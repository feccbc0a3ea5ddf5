import { describe, expect, it } from 'vitest'
import { settle } from '../../test/support/fake-platform.ts'
import { planOf, views } from '../../test/support/execution-bench.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'

function read(bench: ReaderBench, word: string, isWorthWaiting: boolean): void {
  const behind = isWorthWaiting ? { catchingUp: [views.c] } : {}
  const plan = (): ReturnType<typeof planOf> => ({ ...planOf(word), ...behind })
  bench.reader().read({ plan, send: bench.send, refused: () => {} }, bench.done)
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
