import { describe, expect, it } from 'vitest'
import {
  CausalityBench,
  FAILOVER_TIMEOUT_MS,
  WAIT_MS,
  at,
  replica,
} from '../../test/support/causality-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { primaryView } from '../../test/support/views.ts'
import type { MutableSession } from './session.ts'
import type { Unshown } from './unshown.ts'

describe('a session that has read from a replica', () => {
  const reading = (bench: CausalityBench): MutableSession => {
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    return session
  }
  const certainly: Unshown = {
    transactions: new Map([['5', { sinceMs: 0, isCommitted: false }]]),
    isCertain: true,
  }

  it('goes on at no cost', () => {
    const bench = new CausalityBench()
    void bench.causality.prepare(reading(bench))
    expect(bench.looks).toEqual([])
  })

  it('asks nothing when it has not: the primary shows all that it has seen', () => {
    const bench = new CausalityBench()
    expect(bench.causality.shown(bench.session())).toBeUndefined()
  })

  it('is told what the primary does not show, and when it does', async () => {
    const bench = new CausalityBench()
    const session = reading(bench)
    bench.unshown = certainly
    let isShown = false
    void bench.causality.shown(session)?.then(() => (isShown = true))
    await bench.platform.advance(WAIT_MS + 50)
    expect(isShown).toBe(false)
    bench.unshown = { transactions: new Map(), isCertain: true }
    await bench.platform.advance(100)
    expect(isShown).toBe(true)
    expect(new Set(bench.looks)).toEqual(new Set(['a']))
  })

  it('asks no more about what the primary is proven to show', async () => {
    const bench = new CausalityBench()
    const session = reading(bench)
    bench.unshown = undefined
    await bench.causality.shown(session)
    bench.unshown = { transactions: new Map(), isCertain: true }
    // Without an answer nothing was proven.
    await bench.causality.shown(session)
    expect(bench.looks).toEqual(['a', 'a'])
    expect(bench.causality.shown(session)).toBeUndefined()
    bench.causality.answered(session, replica('a'), session.lastReads)
    expect(bench.causality.shown(session)).toBeDefined()
  })

  it('fails when the primary shows it too late', async () => {
    const bench = new CausalityBench()
    const session = reading(bench)
    bench.unshown = certainly
    const failed = Promise.resolve(bench.causality.shown(session)).catch((error: unknown) => error)
    await bench.platform.advance(FAILOVER_TIMEOUT_MS + 100)
    expect(await failed).toMatchObject({ code: 'SWITCHYARD_PRIMARY_BEHIND', retryable: true })
  })

  it('does not wait so long where its read may go elsewhere, too', async () => {
    const bench = new CausalityBench()
    const { lastReads } = reading(bench)
    bench.unshown = certainly
    const showing = bench.causality.showing(lastReads).prove()
    await bench.platform.advance(WAIT_MS + 60)
    expect(await showing).toBe('hidden')
  })

  it.each([
    ['shown', { transactions: new Map(), isCertain: true }, 0],
    ['not shown', certainly, 1],
    ['not known', undefined, 1],
  ] as const)('gives its position, after one look whether that is %s', async (_name, unshown, left) => {
    const bench = new CausalityBench()
    const session = reading(bench)
    bench.unshown = unshown
    const position = bench.causality.positionOf(session, 50)
    await settle()
    await bench.tells(at(9n))
    expect(await position).toEqual(at(9n))
    expect(session.lastReads).toHaveLength(left)
    expect(bench.looks).toEqual(['a'])
  })

  it('keeps what was read meanwhile, when the primary has answered', () => {
    const bench = new CausalityBench()
    const session = reading(bench)
    const before = session.lastReads
    bench.causality.answered(session, replica('b'), [])
    bench.causality.answered(session, primaryView('p'), before)
    expect(session.lastReads).toMatchObject([{ serverIdentity: 'b' }])
  })

  it('begins others within that have seen the same, and what their token says', () => {
    const bench = new CausalityBench()
    const lastReads = [{ serverIdentity: undefined, atMs: 7 }]
    const inner = bench.causality.beginWithin(reading(bench), { lastReads })
    expect(inner.lastReads).toMatchObject([{ serverIdentity: 'a' }, { serverIdentity: undefined }])
  })
})
