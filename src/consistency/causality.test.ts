import { describe, expect, it } from 'vitest'
import { CausalityBench, at, primaryOf, replica } from '../../test/support/causality-bench.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { writeAt } from '../../test/support/sessions.ts'
import { primaryView } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Position } from './position.ts'
import type { MutableSession } from './session.ts'

describe('a read', () => {
  it('of a session that did not write asks nothing', () => {
    const { causality, implicit } = new CausalityBench()
    causality.primaryAt(at(1n), implicit)
    const session = causality.begin(implicit, {})
    for (const each of [session, implicit]) void causality.prepare(each)
    expect(session).toMatchObject({ position: at(1n), floorPendingSinceMs: undefined })
    expect(causality.floorsAsked).toBe(0)
  })

  it('goes by time until the floor is known, and then by the position', async () => {
    const bench = new CausalityBench()
    const session = bench.wrote(bench.session())
    const writtenAtMs = bench.platform.now()
    void bench.causality.prepare(session)
    expect(session).toMatchObject({ position: undefined, floorPendingSinceMs: writtenAtMs })
    await bench.tells(at(9n))
    void bench.causality.prepare(session)
    expect(session).toMatchObject({ position: at(9n), floorPendingSinceMs: undefined })
    expect({ timers: bench.platform.pendingTimers, held: bench.platform.heldOpen }).toEqual({
      timers: 0,
      held: 0,
    })
  })

  it('goes by time when the floor has failed, or was never asked for', async () => {
    const bench = new CausalityBench()
    bench.position = undefined
    const session = bench.wrote(bench.session())
    const unasked = bench.session()
    unasked.wrote(writeAt(bench.platform.now()))
    await settle()
    for (const each of [session, unasked]) {
      void bench.causality.prepare(each)
      expect(each).toMatchObject({ floorPendingSinceMs: bench.platform.now(), position: undefined })
    }
  })
})

describe('the start', () => {
  it('bounds the age of all reads: sessions of before and after', () => {
    const { causality, implicit } = new CausalityBench()
    const before = causality.begin(implicit, {})
    causality.primaryAt(at(5n), implicit)
    const after = causality.begin(implicit, {})
    void causality.prepare(before)
    expect([implicit, before, after].map(({ position }) => position)).toEqual([at(5n), at(5n), at(5n)])
    expect(causality.systemIdentifier).toBe('7000')
  })

  it('is the first look, not a later one', () => {
    const { causality, implicit } = new CausalityBench()
    causality.primaryAt(at(5n), implicit)
    causality.primaryAt(at(9n), implicit)
    expect(implicit.position).toEqual(at(5n))
  })

  it('of a new timeline stands for what is left of the old one: no read waits for lost commits', () => {
    const { causality, implicit } = new CausalityBench()
    causality.primaryAt(at(5n), implicit)
    const session = causality.begin(implicit, {})
    session.mustShow(at(900n))
    implicit.mustShow(at(900n))
    causality.primaryAt(at(700n, { timeline: 2 }), implicit)
    void causality.prepare(session)
    expect([implicit.position, session.position]).toEqual([
      at(700n, { timeline: 2 }),
      at(700n, { timeline: 2 }),
    ])
    causality.primaryAt(at(1n), implicit)
    expect(causality.begin(implicit, {}).position).toEqual(at(700n, { timeline: 2 }))
  })
})

describe('a session within another', () => {
  it('needs what that one needs: what it wrote, what it read, what its token asks for', () => {
    const bench = new CausalityBench()
    const { causality } = bench
    const outer = causality.begin(bench.implicit, { primaryUntilMs: 77 })
    outer.mustShow(at(3n))
    bench.wrote(outer)
    outer.readFrom({ serverIdentity: 'a', atMs: 1 })
    expect(causality.beginWithin(outer, { consistency: 'causal' })).toMatchObject({
      consistency: 'causal',
      position: at(3n),
      lastWriteAtMs: outer.lastWriteAtMs,
      floorPendingSinceMs: outer.floorPendingSinceMs,
      pending: outer.pending,
      lastReads: [{ serverIdentity: 'a', atMs: 1 }],
      primaryUntilMs: 77,
    })
    expect(causality.beginWithin(outer, { primaryUntilMs: 99 }).primaryUntilMs).toBe(99)
    expect(causality.beginWithin(causality.begin(bench.implicit, {}), {}).primaryUntilMs).toBeUndefined()
  })

  it('tells that one, and the pool, what it writes; a session beside it hears nothing', () => {
    const bench = new CausalityBench()
    const [outer, beside] = [bench.session(), bench.session()]
    bench.wrote(bench.causality.beginWithin(outer, {}))
    expect([outer, bench.implicit, beside].map(({ lastWriteAtMs }) => lastWriteAtMs !== undefined)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('a read of a session of its own', () => {
  it('is remembered when a replica has answered it', () => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    expect(session.lastReads).toEqual([{ serverIdentity: 'a', atMs: bench.platform.now() }])
    void bench.causality.prepare(session)
    expect(bench.causality.floorsAsked).toBe(0)
  })

  it('is remembered with what its server has shown, which any server may have reached', () => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.primaryAt(at(1n), bench.implicit)
    bench.causality.answered(session, replica('a'), [], at(7n))
    bench.servers.delete('a')
    void bench.causality.prepare(session)
    expect(session.lastReads).toEqual([{ serverIdentity: 'a', atMs: bench.platform.now(), upTo: at(7n) }])
    expect(bench.causality.floorsAsked).toBe(0)
  })

  it('has no such bound on another timeline than the primary', () => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.primaryAt(at(1n), bench.implicit)
    bench.causality.answered(session, replica('a'), [], at(7n, { timeline: 2 }))
    expect(session.lastReads).toEqual([{ serverIdentity: 'a', atMs: bench.platform.now() }])
  })

  it('needs a floor when the primary has answered it', async () => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.answered(session, primaryView('p'), [])
    bench.position = at(9n)
    await bench.tells(at(9n))
    void bench.causality.prepare(session)
    expect(session.position).toEqual(at(9n))
  })

  it('needs a floor when its replica is gone', async () => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    bench.servers.delete('a')
    void bench.causality.prepare(session)
    await bench.tells(at(9n))
    void bench.causality.prepare(session)
    expect(session).toMatchObject({ lastReads: [{ serverIdentity: undefined }], position: at(9n) })
  })
})

describe('a claim', () => {
  it('that the primary was seen to have reached costs no question', () => {
    const { causality, implicit } = new CausalityBench()
    const session = causality.begin(implicit, {})
    causality.claim(session, at(0x1000n), primaryOf('0/1000'))
    expect(session).toMatchObject({ position: at(0x1000n), floorPendingSinceMs: undefined })
    expect(causality.floorsAsked).toBe(0)
  })

  it.each<[string, NodeView | undefined, Position, Position, number]>([
    ['newer than what was seen', primaryOf('0/1000'), at(0x2000n), at(0x2000n), 0],
    ['that nobody has looked at yet', undefined, at(0x2000n), at(0x2000n), 0],
    ['beyond the primary is rejected', primaryOf('0/1000'), at(0x9000n), at(0x3000n), 1],
    ['of another cluster is rejected', undefined, at(1n, { systemIdentifier: '1' }), at(0x3000n), 1],
    [
      'of another cluster, though one was seen',
      primaryOf('0/1000'),
      at(1n, { systemIdentifier: '1' }),
      at(0x3000n),
      1,
    ],
  ])('%s', async (_name, primary, claimed, position, rejections) => {
    const bench = new CausalityBench()
    const session = bench.session()
    bench.causality.claim(session, claimed, primary)
    expect(session.pending?.claimed).toEqual(claimed)
    await bench.tells(at(0x3000n))
    expect(session).toMatchObject({ position, pending: undefined })
    expect(bench.rejections).toBe(rejections)
  })
})

describe('the position of a session', () => {
  it('that has only begun is the start', async () => {
    const { causality, implicit } = new CausalityBench()
    causality.primaryAt(at(5n), implicit)
    expect(await causality.positionOf(causality.begin(implicit, {}), 50)).toEqual(at(5n))
    expect(causality.floorsAsked).toBe(0)
  })

  it.each<[string, (bench: CausalityBench, session: MutableSession) => void]>([
    ['written', (bench, session) => bench.wrote(session)],
    ['read', (bench, session) => bench.causality.answered(session, replica('a'), [])],
    ['written, without a floor', (bench, session) => session.wrote(writeAt(bench.platform.now()))],
  ])('covers what was %s', async (_name, happens) => {
    const bench = new CausalityBench()
    const session = bench.session()
    happens(bench, session)
    const position = bench.causality.positionOf(session, 50)
    await bench.tells(at(9n))
    expect(await position).toEqual(at(9n))
  })

  it('cannot be had in time', async () => {
    const bench = new CausalityBench()
    const position = bench.causality.positionOf(bench.wrote(bench.session()), 50)
    await bench.platform.advance(50)
    expect(await position).toBeUndefined()
    expect(bench.platform.pendingTimers).toBe(0)
  })
})
