import { beforeEach, describe, expect, it } from 'vitest'
import { planOf, views } from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import { PermitBook } from '../nodes/permit-book.ts'
import type { Tier } from '../nodes/tier.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import { TieredAttempts } from './tiered-attempts.ts'

/** Two of its statements run at each node, and none waits. */
const TIER: Tier = {
  name: 'reports',
  share: 1,
  priority: 0,
  maxQueue: 0,
  maxWaitMs: undefined,
  statementTimeoutMs: undefined,
  tags: undefined,
}

let bench: ReaderBench
let permits: PermitBook
beforeEach(() => {
  bench = new ReaderBench()
  const { attempts, listener, platform } = bench
  permits = new PermitBook({ tiers: [TIER], platform, maxOf: () => 2 })
  const tier = { permits, platform, tier: TIER, statementTimeout: undefined, waited: listener.waited }
  Object.assign(bench, { attempts: new TieredAttempts({ ...tier, attempts }) })
})

/** Reads what the primary has sooner than the replicas, which are behind. */
function readBehind(): void {
  const plan: QueryPlan = { ...planOf('p^'), catchingUp: [views.c] }
  bench.reader({ places: 1 }).read(
    bench.readOf(() => plan),
    bench.done,
  )
}

const hasSlot = (): boolean | undefined => bench.spill?.tryEnter()

async function takePermits(count: number): Promise<void> {
  for (let i = 0; i < count; i++) permits.ask('p', TIER, () => {})
  await settle()
}

async function answer(index: number, result: string): Promise<void> {
  bench.waiting[index]?.(undefined, result)
  await settle()
}

describe('a read of a tier whose statements do not wait', () => {
  it('that waits for a slot on the primary finds the permit of the read before it free, too', async () => {
    for (const word of ['p', 'p']) {
      bench.read(word, { places: 1 })
      await settle()
    }
    expect(bench.sent).toBe('p')
    await takePermits(1)
    await answer(0, 'first')
    await answer(1, 'second')
    expect([bench.sent, bench.outcome, hasSlot()]).toEqual(['pp', 'first and second', true])
  })

  it('that waits for room or a replica finds the permit of the read before it free, too', async () => {
    bench.cluster.awaitReplica = () => new Promise(() => {})
    bench.read('p', { places: 1 })
    await takePermits(1)
    readBehind()
    await settle()
    await answer(0, 'first')
    await answer(1, 'second')
    expect([bench.sent, bench.outcome, hasSlot()]).toEqual(['pp', 'first and second', true])
  })

  it('waits on for its replica when there is room, but no permit', async () => {
    let catchUp = (_plan: QueryPlan): void => {}
    bench.cluster.awaitReplica = () => new Promise((resolve) => (catchUp = resolve))
    bench.answers['b'] = 'b'
    const reader = bench.reader({ places: 1 })
    expect(bench.spill?.tryEnter()).toBe(true)
    await takePermits(2)
    const plan: QueryPlan = { ...planOf('p^'), catchingUp: [views.c] }
    reader.read(
      bench.readOf(() => plan),
      bench.done,
    )
    await settle()
    bench.spill?.leave()
    await settle()
    expect(bench.outcome).toBe('')
    catchUp(planOf('bp'))
    await settle()
    expect([bench.sent, bench.outcome, hasSlot()]).toEqual(['b', 'b', true])
  })

  it('fails as before when no replica comes in time', async () => {
    bench.plans.push('p^')
    await takePermits(2)
    readBehind()
    await settle()
    expect(bench.outcome).toMatch(/"reports"/)
    expect([bench.sent, hasSlot()]).toEqual(['', true])
  })
})
