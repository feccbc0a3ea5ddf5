import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { freshAsOf, primaryView, replicaView } from '../../test/support/views.ts'
import type { Floor, FloorState } from '../consistency/floor.ts'
import { createSession, type MutableSession } from '../consistency/session.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { RETURNS_AFTER_MS, SessionReturns, type Returning } from './session-returns.ts'

const ROUTE: Route = { role: 'replica', reason: 'read', freshness: {} }
const replica = (catchUpMs: number): readonly NodeView[] => [replicaView('a', { ...freshAsOf(0), catchUpMs })]
const inPlace = (catchUpMs = 20): QueryPlan => ({
  steps: [{ node: primaryView('p'), reason: 'sooner' }],
  rejected: [],
  catchingUp: replica(catchUpMs),
})

/** A session that reads from the primary in place of a replica that lags. */
class Bench {
  readonly platform = new FakePlatform()
  readonly implicit = createSession()
  readonly session: MutableSession = createSession({ isMonotonic: true })
  plan = inPlace()
  /** How long reads waited for a replica at most, in milliseconds. */
  readonly waits: number[] = []
  /** Error of the wait. */
  failure: Error | undefined
  /** Called when the replica is there. */
  arrive = (): void => {}
  readonly #returns: SessionReturns

  constructor(catchUpTimeoutMs = 100) {
    this.#returns = new SessionReturns({
      platform: this.platform,
      cluster: {
        awaitReplica: async (plan, timeoutMs) => {
          this.waits.push(timeoutMs)
          if (this.failure !== undefined) throw this.failure
          await new Promise<void>((resolve) => (this.arrive = resolve))
          return plan()
        },
      },
      implicit: this.implicit,
      catchUpTimeoutMs,
    })
  }

  before(session = this.session): Promise<void> | undefined {
    const decision = (): Returning => ({
      session,
      route: ROUTE,
      plan: this.plan,
      executor: { plan: () => this.plan },
    })
    return this.#returns.before(decision(), decision)
  }

  /** Reads every 50 ms. */
  async readFor(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      void this.before()
      await this.platform.advance(50)
    }
  }
}

describe('a session that reads in place of replicas without a pause', () => {
  it('waits for a replica once a second', async () => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    expect(bench.waits).toEqual([])
    const returned = bench.before()
    await bench.platform.advance(20)
    expect(bench.waits).toEqual([100])
    bench.arrive()
    await returned
    await bench.readFor(RETURNS_AFTER_MS - 50)
    expect(bench.waits).toHaveLength(1)
  })

  it('goes on with its read when the wait fails', async () => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    bench.failure = new Error('no plan')
    await expect(bench.before()).resolves.toBeUndefined()
    expect(bench.waits).toEqual([100])
    expect(bench.before()).toBeUndefined()
  })

  it('waits with all its reads, since one on the primary would raise its floor', async () => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    const returned = bench.before()
    await bench.platform.advance(1)
    expect(bench.before()).toBe(returned)
    expect(bench.waits).toHaveLength(1)
    bench.arrive()
    await returned
    expect(bench.before()).toBeUndefined()
  })

  it('waits until its floor is known first: the position may be a later one', async () => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    let state: FloorState = { name: 'asked' }
    let known = (): void => {}
    const settled = new Promise<void>((resolve) => (known = resolve))
    const floor: Floor = {
      get state() {
        return state
      },
      settled: () => settled,
    }
    bench.session.saw(bench.platform.now(), floor, [])
    const returned = bench.before()
    await bench.platform.advance(10)
    expect(bench.waits).toEqual([])
    state = { name: 'failed' }
    bench.session.settle()
    known()
    await bench.platform.advance(1)
    expect(bench.waits).toEqual([90])
    bench.arrive()
    await returned
  })

  it.each<[string, (bench: Bench) => void]>([
    ['has just written', ({ session, platform }) => wrote(session, platform.now())],
    ['has no replica that catches up in time', (bench) => (bench.plan = inPlace(100))],
    ['has no replica that catches up at all', (bench) => (bench.plan = { ...inPlace(), catchingUp: [] })],
    [
      'is served by a replica',
      (bench) => (bench.plan = { steps: [{ node: replicaView('a'), reason: 'replica' }], rejected: [] }),
    ],
  ])('does not wait where it %s', async (_name, change) => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    change(bench)
    expect(bench.before()).toBeUndefined()
  })

  it('begins again after a pause', async () => {
    const bench = new Bench()
    await bench.readFor(RETURNS_AFTER_MS)
    await bench.platform.advance(250)
    expect(bench.before()).toBeUndefined()
  })
})

it('reads outside of sessions do not wait', async () => {
  const bench = new Bench()
  for (let i = 0; i < 40; i++) {
    expect(bench.before(bench.implicit)).toBeUndefined()
    await bench.platform.advance(50)
  }
})

it('no read waits where reads do not wait for replicas to catch up', async () => {
  const bench = new Bench(0)
  await bench.readFor(RETURNS_AFTER_MS)
  expect(bench.before()).toBeUndefined()
  expect(bench.waits).toEqual([])
})

function wrote(session: MutableSession, atMs: number): void {
  session.wrote({ atMs, floor: undefined, certainty: 'certain', changes: 'everything' })
}
