import { beforeEach, describe, expect, it } from 'vitest'
import {
  conflict,
  FAILOVER_TIMEOUT_MS,
  ownFault,
  planOf,
  queryTimeout,
  refusal,
  reset,
  server,
  shutdown,
  views,
} from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench } from '../../test/support/reader-bench.ts'
import { uncaughtDuring } from '../../test/support/uncaught.ts'
import { observed, up } from '../../test/support/views.ts'
import type { Balancer, ReadOutcome } from '../selection/balancer.ts'
import { RetryBudget } from './retry-budget.ts'

let b: ReaderBench
beforeEach(() => {
  b = new ReaderBench()
})

describe('a read', () => {
  it('goes to the first of the plan, and is answered untouched', () => {
    b.answers['a'] = 'rows'
    b.read('abp')
    expect(b.log).toEqual([
      'started a of ab',
      'sent a',
      'ended a answered after 0',
      'readAnswered a',
      'done with rows',
    ])
  })

  it.each([
    ['a broken connection', reset],
    ['a shutdown', shutdown],
    ['a server that starts up', () => server('57P03')],
    ['too many connections', () => server('53300')],
    ['a recovery conflict', conflict],
  ])('moves on after %s, node by node, to the primary at last', (_name, error) => {
    Object.assign(b.answers, { a: error(), b: error(), p: 'rows' })
    b.read('abp')
    expect(b.sent).toBe('abp')
    expect(b.outcome).toBe('rows')
  })

  it.each([
    ['its own fault', ownFault],
    ['a timeout of the caller', queryTimeout],
    ['a statement timeout', () => server('57014')],
    ['a cached plan that changed', () => server('0A000', 'RevalidateCachedQuery')],
  ])('stays after %s when the replica has caught up: it would fail anywhere', async (_name, error) => {
    Object.assign(b.answers, { a: error(), b: 'rows', p: 'rows' })
    b.read('abp')
    await settle()
    expect(b.sent).toBe('a')
    expect(b.outcome).toBe(error().message)
    expect(b.log).toContain('readAnswered a')
    expect(b.log).not.toContain('nodeFailed a')
  })

  it('moves on when no connection is available, without having been sent', () => {
    b.nodes.a.leaseError = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    b.answers['b'] = 'rows'
    b.read('abp')
    expect(b.log).toEqual([
      'started a of ab',
      'ended a failed after 0',
      'nodeFailed a',
      'started b of b',
      'sent b',
      'ended b answered after 0',
      'readAnswered b',
      'done with rows',
    ])
  })

  it('moves on from a node that has left the cluster, which has not failed', () => {
    b.gone.add('a')
    b.answers['b'] = 'rows'
    b.read('ab')
    expect(b.outcome).toBe('rows')
    expect(b.log).not.toContain('nodeFailed a')
  })

  it('goes on to the node that took the place of its last one', async () => {
    b.gone.add('a')
    b.plans.push('b')
    b.answers['b'] = 'rows'
    b.read('a')
    await settle()
    expect(b.outcome).toBe('rows')
  })

  it('that a node which lives turns away last fails at once: another plan would not change that', async () => {
    b.nodes.a.leaseError = new Error('timeout exceeded when trying to connect')
    b.read('a')
    await settle()
    expect(b.outcome).toBe('timeout exceeded when trying to connect')
    expect(b.log.some((line) => line.startsWith('awaits'))).toBe(false)
  })

  it('that no replica can give for a conflict fails as the last one said', () => {
    b.answers['a'] = conflict()
    b.read('a')
    expect(b.outcome).toBe('error 40001')
  })

  it('tries an ejected node when no other is left, without the balancer', () => {
    Object.assign(b.answers, { a: reset(), c: 'rows' })
    b.read('ac!')
    expect(b.sent).toBe('ac')
    expect(b.log).not.toContain('started c of c')
    expect(b.outcome).toBe('rows')
  })
})

describe('a refusal by a standby', () => {
  it('ends the read, and counts against no node: it is no read after all', () => {
    Object.assign(b.answers, { a: refusal(), b: 'rows', p: 'rows' })
    b.read('abp')
    expect(b.sent).toBe('a')
    expect(b.log.at(-1)).toBe('refused by a: error 25006')
    expect(b.log).not.toContain('nodeFailed a')
    expect(b.outcome).toBe('')
  })

  it('by what was the primary, and has proven to be a standby: it is no longer what it was taken for', async () => {
    b.answers['p'] = refusal()
    b.nodes.p.isStandby = true
    b.read('p')
    await settle()
    expect(b.log).toEqual(['sent p', 'nodeFailed p', 'refused by p: error 25006'])
  })

  it('by a primary that is one, and read-only by default, is the answer', async () => {
    b.answers['p'] = refusal()
    b.read('p')
    await settle()
    expect(b.log).toEqual(['sent p', 'readAnswered p', 'done with error 25006'])
  })
})

describe('when no candidate is left', () => {
  it('waits for a plan, and follows it', async () => {
    Object.assign(b.answers, { a: reset(), p: shutdown(), b: 'rows' })
    b.plans.push('b')
    b.read('ap')
    await settle()
    expect(b.sent).toBe('apb')
    expect(b.log).toContain(`awaits a plan for ${FAILOVER_TIMEOUT_MS}`)
    expect(b.outcome).toBe('rows')
  })

  it('waits no longer than its time after the first failure, however many plans there are', async () => {
    b.answers['a'] = reset()
    b.plans.push(...Array.from({ length: 500 }, () => 'a'))
    b.read('a')
    await b.platform.advance(FAILOVER_TIMEOUT_MS - 1000)
    expect(b.outcome).toBe('')
    await b.platform.advance(2000)
    expect(b.outcome).toBe('read ECONNRESET')
    expect(b.platform.pendingTimers).toBe(0)
    expect(b.platform.heldOpen).toBe(0)
    const waits = b.log.flatMap((line) => /^awaits a plan for (.+)$/.exec(line)?.[1] ?? []).map(Number)
    expect(waits[0]).toBe(FAILOVER_TIMEOUT_MS)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0)
    expect(waits).toEqual(waits.toSorted((x, y) => y - x))
    expect(waits.at(-1)).toBeLessThan(1000)
  })

  it('fails with the last error when there is none in time', async () => {
    b.answers['a'] = reset()
    b.read('a')
    await settle()
    expect(b.sent).toBe('a')
    expect(b.outcome).toBe('read ECONNRESET')
  })

  it('from the beginning, waits as well, and says why in the end', async () => {
    b.primary = undefined
    b.read('')
    await settle()
    expect(b.log).toEqual([`awaits a plan for ${FAILOVER_TIMEOUT_MS}`, 'done with No primary found'])
  })

  it('but a primary that is not to have it, says that', async () => {
    const errors: unknown[] = []
    b.read('', {}, (error) => errors.push(error))
    await settle()
    expect(errors).toMatchObject([{ code: 'SWITCHYARD_PRIMARY_SPILL' }])
    expect(b.log).toContain('spillRefused')
  })

  it('a plan that cannot be made fails the read, and nothing else', async () => {
    b.cluster.awaitPlan = () => Promise.reject(new TypeError('order is no function of mine'))
    b.read('')
    await settle()
    expect(b.outcome).toBe('order is no function of mine')
  })
})

describe('when nodes without an answer have taken all the time', () => {
  it.each([
    ['the primary is tried before other replicas', 'abcp', { p: 'rows' }, 'abp', 'rows'],
    ['only the primary is', 'abcp', { p: reset(), c: 'rows' }, 'abp', 'read ECONNRESET'],
    ['one more replica is where the primary must not serve it', 'abc', { c: 'rows' }, 'abc', 'rows'],
    ['the read fails if none is left', 'ab', {}, 'ab', 'read ECONNRESET'],
  ])('%s', async (_what, plan, answers, sent, outcome) => {
    Object.assign(b.answers, { a: reset(), ...answers })
    b.read(plan)
    await b.platform.advance(FAILOVER_TIMEOUT_MS)
    b.waiting[0]?.(reset())
    await settle()
    expect([b.sent, b.outcome]).toEqual([sent, outcome])
  })
})

describe('retries', () => {
  it('are bounded by their budget: then the error is the answer', () => {
    const budget = new RetryBudget(b.platform)
    while (budget.spend());
    Object.assign(b.answers, { a: reset(), b: 'rows' })
    b.read('ab', { budget })
    expect(b.sent).toBe('a')
    expect(b.log).toContain('retriesSpent')
    expect(b.outcome).toBe('read ECONNRESET')
  })

  it('are earned by reads', () => {
    const budget = new RetryBudget(b.platform)
    while (budget.spend());
    b.answers['b'] = 'rows'
    for (let i = 0; i < 6; i++) b.read('b', { budget })
    b.answers['a'] = reset()
    b.read('ab', { budget })
    expect(b.outcome).toMatch(/and rows$/)
    expect(b.log).not.toContain('retriesSpent')
  })
})

describe('reads that take too long', () => {
  it('on a replica is given up, and runs on the next one', async () => {
    b.read('ab', { readTimeoutMs: 100 })
    await b.platform.advance(99)
    expect(b.sent).toBe('a')
    b.answers['b'] = 'rows'
    await b.platform.advance(1)
    expect(b.sent).toBe('ab')
    expect(b.log).toContain('nodeFailed a')
    expect(b.outcome).toBe('rows')
    expect(b.nodes.a.leases[0]?.releases).toMatchObject([{ code: 'SWITCHYARD_READ_TIMEOUT' }])
    expect(b.platform.pendingTimers).toBe(0)
  })

  it('on the primary is waited for', async () => {
    b.read('p', { readTimeoutMs: 100 })
    await b.platform.advance(100_000)
    expect(b.outcome).toBe('')
    b.waiting[0]?.(undefined, 'rows')
    expect(b.outcome).toBe('rows')
  })

  it('an answer after that is not heard', async () => {
    b.answers['b'] = 'rows'
    b.read('ab', { readTimeoutMs: 100 })
    await b.platform.advance(100)
    b.waiting[0]?.(undefined, 'too late')
    expect(b.outcome).toBe('rows')
    expect(b.releases).toEqual([1, 1])
  })
})

describe('a read whose replicas were probed again since its plan was made', () => {
  it.each([
    ['passes over one that has restarted: it may show less than it did', 'another', 'ap'],
    ['uses one that is the same', observed('replica', '0/1000').serverIdentity, 'ab'],
  ])('%s', (_what, serverIdentity, sent) => {
    Object.assign(b.answers, { b: 'rows', p: 'rows' })
    b.read('abp')
    b.down.push({ ...views.b, state: up(observed('replica', '0/2000', { serverIdentity, timeline: 1 })) })
    b.attempts.abandon('a', new Error('a is down'))
    expect(b.sent).toBe(sent)
  })
})

describe('a read on a node that is declared down', () => {
  it('passes over one that is down by the time that it is its turn', () => {
    b.answers['p'] = 'rows'
    b.read('abp')
    b.down.push({ ...views.b, state: { name: 'down', cause: new Error('b is down'), sinceMs: 0 } })
    b.attempts.abandon('a', new Error('a is down'))
    expect(b.sent).toBe('ap')
    expect(b.outcome).toBe('rows')
  })

  it('moves on at once', () => {
    b.answers['b'] = 'rows'
    b.read('ab')
    b.attempts.abandon('a', new Error('a is down'))
    expect(b.sent).toBe('ab')
    expect(b.outcome).toBe('rows')
  })

  it('of many, all move on, though a callback throws', async () => {
    b.answers['b'] = 'rows'
    const uncaught = await uncaughtDuring(() => {
      b.read('ab', {}, () => {
        throw new Error('mine')
      })
      b.read('ab')
      b.attempts.abandon('a', new Error('a is down'))
    })
    expect(b.outcome).toBe('rows')
    expect(uncaught).toMatchObject([{ message: 'mine' }])
  })
})

describe('calls of the balancer', () => {
  it('how long each took, and who failed', async () => {
    b.read('abp')
    await b.platform.advance(30)
    b.waiting.shift()?.(reset())
    await b.platform.advance(12)
    b.waiting.shift()?.(undefined, 'rows')
    expect(b.log.filter((line) => /^(started|ended)/.test(line))).toEqual([
      'started a of ab',
      'ended a failed after 30',
      'started b of b',
      'ended b answered after 12',
    ])
  })

  it('the duration of earlier reads of the same text, and for a new text that of all reads', async () => {
    const outcomes: ReadOutcome[] = []
    b.balancer = { order: (candidates) => candidates, ended: (_node, outcome) => outcomes.push(outcome) }
    const [one, two] = [{}, {}]
    const reader = b.reader()
    const answerAfter = async (text: object, node: string, ms: number): Promise<void> => {
      const read = b.readOf(() => planOf(node), { text, refused: () => expect.unreachable() })
      reader.read(read, b.done)
      await b.platform.advance(ms)
      b.waiting.shift()?.(undefined, 'rows')
    }
    await answerAfter(one, 'a', 10)
    await answerAfter(one, 'b', 20)
    await answerAfter(one, 'a', 1)
    await answerAfter(two, 'a', 500)
    await answerAfter(two, 'b', 500)
    expect(outcomes.map(({ expectedMs }) => Math.round(expectedMs))).toEqual([10, 10, 11, 8, 500])
    expect(outcomes.map(({ elapsedMs }) => elapsedMs)).toEqual([10, 20, 1, 500, 500])
  })

  it('nothing of the primary', () => {
    b.answers['p'] = 'rows'
    b.read('p')
    expect(b.log).toEqual(['sent p', 'readAnswered p', 'done with rows'])
  })

  it("a recovery conflict is not the node's failure", () => {
    Object.assign(b.answers, { a: conflict(), p: 'rows' })
    b.read('ap')
    expect(b.log).toContain('ended a answered after 0')
    expect(b.log).not.toContain('nodeFailed a')
  })

  it('or nothing, when it does not want to know', () => {
    b.balancer = { order: (candidates) => candidates } satisfies Balancer
    b.answers['a'] = 'rows'
    b.read('ap')
    expect(b.outcome).toBe('rows')
  })
})

describe('the record of a node', () => {
  it('five failures in a row eject it', () => {
    Object.assign(b.answers, { a: reset(), b: 'rows' })
    for (let i = 0; i < 5; i++) b.read('ab')
    expect(b.log.filter((line) => line.startsWith('ejected'))).toEqual(['ejected a'])
    expect(b.health.admission('a', b.platform.now())).toBe('ejected')
    expect(b.health.admission('b', b.platform.now())).toBe('admitted')
  })

  it("says nothing of the primary's", () => {
    b.answers['p'] = reset()
    for (let i = 0; i < 9; i++) b.read('p')
    expect(b.health.admission('p', b.platform.now())).toBe('admitted')
  })
})
