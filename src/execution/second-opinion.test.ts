import { beforeEach, describe, expect, it } from 'vitest'
import {
  conflict,
  ownFault,
  planOf,
  queryTimeout,
  refusal,
  reset,
  server,
} from '../../test/support/execution-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { ReaderBench, type Given } from '../../test/support/reader-bench.ts'
import type { Showing } from '../consistency/unshown.ts'
import { RetryBudget } from './retry-budget.ts'

const AHEAD = { lsn: 0x1001n, systemIdentifier: '7000', timeline: 1 }

let b: ReaderBench
beforeEach(() => {
  b = new ReaderBench()
})

async function read(word: string, given: Given = {}): Promise<string> {
  b.read(word, given)
  await settle()
  return `${b.sent}: ${b.outcome}`
}

describe('an error of a replica', () => {
  it.each([
    ['an unknown column', () => server('42703')],
    ['a missing privilege', () => server('42501')],
    ['an unknown label of an enum', () => server('22P02')],
    ['a division by zero, which rows may cause', () => server('22012')],
    ['what a function raises, which may have read rows', () => server('P0001', 'exec_stmt_raise')],
  ])('does not count where the replica is behind: %s', async (_name, error) => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: error(), p: 'rows' })
    expect(await read('abp', { catchUpTimeoutMs: 0 })).toBe('ap: rows')
    expect(b.log).toContain('readAnswered p')
    expect(b.log).not.toContain('readAnswered a')
    expect(b.freePlaces).toBe(9)
  })

  it('counts where the replica has what the primary has', async () => {
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    expect(await read('abp')).toBe('a: error 42P01')
  })

  it.each([
    ['cannot tell how far it is', undefined, 'ap: rows'],
    ['is on a newer timeline', { ...AHEAD, lsn: 0x1000n, timeline: 2 }, 'ap: rows'],
    ['is of another cluster', { ...AHEAD, lsn: 0x1000n, systemIdentifier: '8000' }, 'ap: rows'],
  ])('does not count where the primary %s', async (_name, committed, expected) => {
    b.committed = committed
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    expect(await read('ap')).toBe(expected)
  })

  it.each([
    ['a cancel or a timeout of the statement', () => server('57014', 'ProcessInterrupts')],
    ['a timeout of the client', queryTimeout],
    ['an error of the client', () => new TypeError('a type parser throws')],
  ])('counts at once where it says nothing of what the replica shows: %s', async (_name, error) => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: error(), p: 'rows' })
    expect(await read('ap')).toBe(`a: ${error().message}`)
  })

  it('counts while there is no primary, or reads may not go there', async () => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    expect(await read('a')).toBe('a: error 42P01')
    b.log.length = 0
    b.primary = undefined
    expect(await read('ap')).toBe('a: error 42P01')
  })

  it('counts when the primary has no place for it', async () => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    expect(await read('ap', { places: 0, catchUpTimeoutMs: 0 })).toBe('a: error 42P01')
    expect(b.log).toContain('spillRefused')
  })

  it('counts when its budget is spent, which is not that of nodes that fail', async () => {
    b.committed = AHEAD
    const doubts = new RetryBudget(b.platform)
    while (doubts.spend());
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    expect(await read('ap', { doubts })).toBe('a: error 42P01')
    expect(b.log).toContain('retriesSpent')
    b.log.length = 0
    b.answers['a'] = reset()
    expect(await read('ap', { doubts })).toBe('ap: rows')
  })

  it('gives way to the error of the primary', async () => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: server('42703'), p: server('42P01') })
    expect(await read('ap')).toBe('ap: error 42P01')
  })

  it.each([
    ['broken', reset],
    ['full', () => server('53300')],
    ['no primary any more', refusal],
  ])('counts when the primary is %s', async (_name, error) => {
    b.committed = AHEAD
    b.nodes.p.isStandby = true
    Object.assign(b.answers, { a: ownFault(), p: error() })
    expect(await read('ap')).toBe('ap: error 42P01')
  })

  it.each<[Showing, string]>([
    ['shown', 'ap: rows'],
    ['unknown', 'ap: rows'],
    ['hidden', 'a: error 42P01'],
  ])('the data seen by the session is %s on the primary: %s', async (showing, expected) => {
    b.committed = AHEAD
    Object.assign(b.answers, { a: ownFault(), p: 'rows' })
    const follower = {
      isMonotonic: true,
      answered: () => {},
      showing: { prove: async () => showing, judge: undefined, heard: () => undefined },
    }
    b.reader().read(
      b.readOf(() => planOf('ap'), { follower }),
      b.done,
    )
    await settle()
    expect(`${b.sent}: ${b.outcome}`).toBe(expected)
  })
})

describe('a replica that cannot do its work', () => {
  const full = (): Error => server('53100', 'FileWriteV')
  const damaged = (): Error => server('XX001', 'buffer_readv_report')

  it('is left for the next one, which shows that the node is to blame', async () => {
    Object.assign(b.answers, { a: full(), b: 'rows' })
    expect(await read('abp')).toBe('ab: rows')
    expect(b.log).toContain('nodeSick a')
    expect(b.log).toContain('ended a failed after 0')
  })

  it('is out after some failures in a row', async () => {
    Object.assign(b.answers, { a: full(), b: 'rows' })
    for (let i = 0; i < 5; i++) b.read('abp')
    expect(b.log).toContain('ejected a')
  })

  it('is to blame together with another one where the primary does better', async () => {
    Object.assign(b.answers, { a: full(), b: full(), c: 'rows', p: 'rows' })
    expect(await read('abcp')).toBe('abp: rows')
    expect(b.log).toEqual(expect.arrayContaining(['nodeSick a', 'nodeSick b']))
    expect(b.health.inFlight('a') + b.health.inFlight('b')).toBe(0)
  })

  it('is not to blame when no other node may be asked any more', async () => {
    Object.assign(b.answers, { a: full(), b: 'rows' })
    const doubts = new RetryBudget(b.platform)
    while (doubts.spend());
    // Each earns a fifth of a retry.
    for (let i = 0; i < 4; i++) b.read('abp', { doubts })
    expect(b.outcome).toContain('error 53100')
    expect(b.log.some((line) => /ejected|nodeSick|failed after/.test(line))).toBe(false)
    expect(b.health.inFlight('a')).toBe(0)
  })

  it('is not to blame when all fail in the same way: it is the statement', async () => {
    Object.assign(b.answers, { a: full(), b: full(), p: full() })
    for (let i = 0; i < 20; i++) b.read('abp')
    expect(b.sent).toBe('abp'.repeat(20))
    expect(b.outcome).toContain('error 53100')
    expect(b.log.some((line) => /ejected|nodeSick|failed after/.test(line))).toBe(false)
  })

  it('is not to blame when the primary fails in the same way', async () => {
    Object.assign(b.answers, { a: damaged(), p: damaged() })
    expect(await read('ap')).toBe('ap: error XX001')
    expect(b.log).not.toContain('nodeSick a')
  })

  it('never takes the read to more than two replicas', async () => {
    Object.assign(b.answers, { a: full(), b: damaged(), c: 'rows', p: 'rows' })
    expect(await read('abcp')).toBe('abp: rows')
    expect(b.health.inFlight('a') + b.health.inFlight('b')).toBe(0)
  })

  it('is queried for the answer where no other node is', async () => {
    b.answers['a'] = full()
    expect(await read('a')).toBe('a: error 53100')
    expect(b.log).toContain('ended a failed after 0')
  })

  it('and then a recovery conflict: still every read in flight is accounted for', async () => {
    Object.assign(b.answers, { a: full(), b: conflict(), p: 'rows' })
    expect(await read('abp')).toBe('abp: rows')
    expect(b.health.inFlight('a') + b.health.inFlight('b')).toBe(0)
    expect(b.log).toContain('nodeSick a')
  })
})
