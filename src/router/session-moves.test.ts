import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { freshAsOf, observed, primaryView, replicaView, up } from '../../test/support/views.ts'
import { createSession, seenRead, type MutableSession } from '../consistency/session.ts'
import type { Route } from '../routing/route.ts'
import type { QueryPlan, StepReason } from '../selection/query-plan.ts'
import type { Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { MOST_QUESTIONS, SessionMoves, TURN_MS, type Movable } from './session-moves.ts'

const at = (id: string, lsn: string, given: Partial<Observation> = {}): NodeView =>
  replicaView(id, freshAsOf(0), {
    state: up(observed('replica', lsn, { serverIdentity: id, timeline: 1, ...given })),
  })
const a = at('a', '0/2000')
const b = at('b', '0/1000')
const planOf = (...steps: readonly (readonly [NodeView, StepReason])[]): QueryPlan => ({
  steps: steps.map(([node, reason]) => ({ node, reason })),
  rejected: [],
})

/** A session that has read from replica `a`, where the balancer prefers `b`. */
class Bench {
  readonly platform = new FakePlatform()
  readonly session: MutableSession = createSession({ isMonotonic: true })
  readonly asked: string[] = []
  plan = planOf([a, 'replica'])
  preferred = planOf([b, 'replica'], [a, 'replica'])
  /** Answers of the replicas, in order; the last one is repeated. */
  answers: Record<string, readonly (string | undefined)[]> = { a: ['0/2000'], b: ['0/2001'] }
  /** Identities of servers that have restarted since. */
  restarted: Record<string, string> = {}
  readonly #moves: SessionMoves

  constructor(chance = 0.5) {
    const platform = Object.assign(this.platform, { random: () => chance })
    const progressOf = async (id: string): Promise<Observation | undefined> => {
      const answers = this.answers[id] ?? []
      const before = this.asked.filter((each) => each === id).length
      this.asked.push(id)
      const lsn = answers[Math.min(before, answers.length - 1)]
      return lsn === undefined
        ? undefined
        : observed('replica', lsn, { serverIdentity: this.restarted[id] ?? id, timeline: 1 })
    }
    this.#moves = new SessionMoves({ platform, cluster: { questions: { progressOf } } })
    this.session.readFrom(seenRead('a', this.platform.now()))
  }

  before(session = this.session): Promise<void> | undefined {
    const route: Route = { role: 'replica', reason: 'read', freshness: { after: session.lastReads } }
    const decision: Movable = { session, route, plan: this.plan, executor: { plan: () => this.preferred } }
    return this.#moves.before(decision)
  }
}

async function nextTurn(bench: Bench): Promise<Bench> {
  await bench.platform.advance(TURN_MS)
  return bench
}

describe('the first read of a session in a turn', () => {
  it('moves it to the replica that the balancer prefers, once that has replayed what the other one has shown', async () => {
    const bench = await nextTurn(new Bench())
    await bench.before()
    expect(bench.asked).toEqual(['a', 'b'])
    const upTo = { systemIdentifier: '7000', timeline: 1, lsn: 0x2001n }
    expect(bench.session.lastReads).toMatchObject([{ serverIdentity: 'a', upTo, next: 'b' }])
  })

  it('asks nothing where that is known', async () => {
    const bench = await nextTurn(new Bench())
    bench.plan = planOf([a, 'replica'], [b, 'replica'])
    await bench.before()
    expect(bench.asked).toEqual([])
    expect(bench.session.lastReads).toMatchObject([{ serverIdentity: 'a', next: 'b' }])
  })

  it('waits a moment for that replica', async () => {
    const bench = await nextTurn(new Bench())
    bench.answers = { a: ['0/2000'], b: ['0/2000', '0/2001'] }
    const moved = bench.before()
    await bench.platform.advance(2)
    await moved
    expect(bench.asked).toEqual(['a', 'b', 'b'])
    expect(bench.session.lastReads).toMatchObject([{ next: 'b' }])
  })

  it.each<[string, Bench['answers']]>([
    ['the other replica does not get there', { a: ['0/2000'], b: ['0/2000'] }],
    ['it does not answer', { a: ['0/2000'], b: [undefined] }],
    ['its own one does not answer', { a: [undefined], b: ['0/3000'] }],
  ])('stays where %s', async (_name, answers) => {
    const bench = await nextTurn(new Bench())
    bench.answers = answers
    const before = bench.session.lastReads
    const moved = bench.before()
    await bench.platform.advance(50)
    await moved
    expect(bench.session.lastReads).toEqual(before)
  })

  it('stays where its own replica has restarted, perhaps behind what it had shown', async () => {
    const bench = await nextTurn(new Bench())
    bench.restarted = { a: 'a, later' }
    await bench.before()
    expect(bench.asked).toEqual(['a'])
    expect(bench.session.lastReads[0]).not.toHaveProperty('next')
  })

  it('does not leave a read that was answered meanwhile', async () => {
    const bench = await nextTurn(new Bench())
    const moved = bench.before()
    bench.session.readFrom(seenRead('a', bench.platform.now()), [])
    await moved
    expect(bench.session.lastReads[0]).not.toHaveProperty('next')
  })

  it('decides for all that begin at the same time', async () => {
    const bench = await nextTurn(new Bench())
    const first = bench.before()
    expect(bench.before()).toBe(first)
    await first
    expect(bench.asked).toEqual(['a', 'b'])
  })

  it.each<[string, (bench: Bench) => void]>([
    ['prefers its own replica', (bench) => (bench.preferred = planOf([a, 'replica'], [b, 'replica']))],
    ['has no replica', (bench) => (bench.preferred = planOf([primaryView('p'), 'fallback']))],
    [
      'prefers an address of several servers',
      (bench) => (bench.preferred = planOf([{ ...b, isBalanced: true }, 'replica'])),
    ],
    ['cannot use its own replica', (bench) => (bench.plan = planOf([primaryView('p'), 'sooner']))],
    ['has read from two servers', (bench) => bench.session.readFrom(seenRead('c', 0), [])],
  ])('stays at once where the balancer or the session %s', async (_name, change) => {
    const bench = await nextTurn(new Bench())
    change(bench)
    expect(bench.before()).toBeUndefined()
    expect(bench.asked).toEqual([])
  })

  it('stays in half of the cases, so that not all go to an idle replica', async () => {
    expect((await nextTurn(new Bench(0.49))).before()).toBeUndefined()
  })
})

it('sessions ask so many questions in a turn, and no more', async () => {
  const bench = await nextTurn(new Bench())
  const readOfAnother = async (): Promise<boolean> => {
    const session = createSession({ isMonotonic: true })
    session.readFrom(seenRead('a', 0))
    await bench.before(session)
    return session.lastReads[0]?.next === 'b'
  }
  const moved: boolean[] = []
  for (let i = 0; i < MOST_QUESTIONS; i++) moved.push(await readOfAnother())
  expect(bench.asked).toHaveLength(MOST_QUESTIONS)
  expect(moved).toEqual(moved.map((_moves, index) => index < MOST_QUESTIONS / 2))
  await nextTurn(bench)
  expect(await readOfAnother()).toBe(true)
})

it('other reads of the turn stay', () => {
  expect(new Bench().before()).toBeUndefined()
})
