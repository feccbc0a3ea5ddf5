import { describe, expect, it } from 'vitest'
import { FakePlatform, settle } from '../../test/support/fake-platform.ts'
import { freshAsOf, observed, primaryView, replicaView, up } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import { Causality } from './causality.ts'
import type { Position } from './position.ts'
import { createSession, type MutableSession } from './session.ts'
import type { Unshown } from './unshown.ts'

const WAIT_MS = 100
const FAILOVER_TIMEOUT_MS = 1000
const at = (lsn: bigint, given: Partial<Position> = {}): Position => ({
  systemIdentifier: '7000',
  timeline: 1,
  lsn,
  ...given,
})

const replica = (serverIdentity: string): NodeView =>
  replicaView('r', freshAsOf(0), { state: up(observed('replica', '0/1000', { serverIdentity })) })
const primaryOf = (lsn: string, timeline = 1): NodeView =>
  primaryView('p', { state: up(observed('primary', lsn, { timeline })) })

/** A primary that says its position when it is told to, and a cluster that servers come to and go from. */
class Bench {
  readonly platform: FakePlatform = new FakePlatform()
  readonly servers = new Set<string>(['a', 'b'])
  readonly implicit: MutableSession = createSession()
  rejections = 0
  /** What the primary does not show yet, and of whom that was asked. */
  unshown: Unshown | undefined = { transactions: new Map(), isCertain: true }
  readonly looks: (string | undefined)[] = []
  readonly #waiting: ((position: Position | undefined) => void)[] = []
  /** What it says at once; otherwise `tells` says it. */
  position: Position | undefined | 'is silent' = 'is silent'
  readonly causality: Causality

  constructor(waitMs = WAIT_MS) {
    this.causality = new Causality({
      platform: this.platform,
      ask: () => {
        if (this.position !== 'is silent') return Promise.resolve(this.position)
        return new Promise((resolve) => this.#waiting.push(resolve))
      },
      look: async (identity) => {
        this.looks.push(identity)
        return this.unshown
      },
      hasServer: (identity) => this.servers.has(identity),
      waitMs,
      failoverTimeoutMs: FAILOVER_TIMEOUT_MS,
      claimRejected: () => (this.rejections += 1),
    })
  }

  async tells(position: Position | undefined): Promise<void> {
    this.#waiting.shift()?.(position)
    await settle()
  }

  session(): MutableSession {
    return this.causality.begin(this.implicit, {})
  }

  wrote(session: MutableSession): MutableSession {
    session.wrote(this.platform.now(), this.causality.request())
    return session
  }

  /** Whether a read of the session has to wait, and for how long it did. */
  async waits(session: MutableSession): Promise<number | undefined> {
    const awaited = this.causality.awaited(session)
    if (awaited === undefined) return undefined
    const sinceMs = this.platform.now()
    let endedAtMs: number | undefined
    void awaited.then(() => (endedAtMs = this.platform.now()))
    for (let i = 0; i < 2000 && endedAtMs === undefined; i++) await this.platform.advance(1)
    return (endedAtMs ?? Infinity) - sinceMs
  }
}

describe('a read', () => {
  it('of a session that did not write waits for nothing, and asks nothing', () => {
    const { causality, implicit } = new Bench()
    causality.primaryAt(at(1n), implicit)
    expect(causality.awaited(causality.begin(implicit, {}))).toBeUndefined()
    expect(causality.awaited(implicit)).toBeUndefined()
    expect(causality.fencesAsked).toBe(0)
  })

  it('waits for the fence of what was written, and not longer', async () => {
    const bench = new Bench()
    const session = bench.wrote(bench.session())
    const waiting = bench.waits(session)
    await bench.platform.advance(30)
    await bench.tells(at(9n))
    expect(await waiting).toBeLessThan(WAIT_MS)
    expect(session).toMatchObject({ position: at(9n), unfencedSinceMs: undefined })
    expect(await bench.waits(session)).toBeUndefined()
    expect({ timers: bench.platform.pendingTimers, held: bench.platform.heldOpen }).toEqual({
      timers: 0,
      held: 0,
    })
  })

  it('waits for waitMs at most: then it goes by the window', async () => {
    const bench = new Bench()
    const session = bench.wrote(bench.session())
    expect(await bench.waits(session)).toBe(WAIT_MS)
    expect(session.unfencedSinceMs).toBeDefined()
    expect({ timers: bench.platform.pendingTimers, held: bench.platform.heldOpen }).toEqual({
      timers: 0,
      held: 0,
    })
  })

  it('does not wait for a fence that is known', async () => {
    const bench = new Bench()
    bench.position = at(9n)
    const session = bench.wrote(bench.session())
    await settle()
    expect(bench.causality.awaited(session)).toBeUndefined()
    expect(session.position).toEqual(at(9n))
  })

  it('waits for nothing at all when that is how it is wanted', () => {
    const bench = new Bench(0)
    expect(bench.causality.awaited(bench.wrote(bench.session()))).toBeUndefined()
  })

  it('asks again when a fence has failed, but not at once', async () => {
    const bench = new Bench()
    bench.position = undefined
    const session = bench.wrote(bench.session())
    const writtenAtMs = bench.platform.now()
    await settle()
    bench.position = at(9n)
    expect(await bench.waits(session)).toBeUndefined()
    expect(session).toMatchObject({ unfencedSinceMs: writtenAtMs, position: undefined })
    await bench.platform.advance(250)
    await bench.waits(session)
    expect(session).toMatchObject({ unfencedSinceMs: undefined, position: at(9n) })
    expect(bench.causality.fencesAsked).toBe(2)
  })

  it('asks for the fence that nobody has asked for, as when the session was marked without', async () => {
    const bench = new Bench()
    bench.position = at(9n)
    const session = bench.session()
    session.wrote(bench.platform.now(), undefined)
    await bench.waits(session)
    expect(session.position).toEqual(at(9n))
  })
})

describe('the start', () => {
  it('is what nobody reads older than: sessions of before and after', () => {
    const { causality, implicit } = new Bench()
    const before = causality.begin(implicit, {})
    causality.primaryAt(at(5n), implicit)
    const after = causality.begin(implicit, {})
    expect(causality.awaited(before)).toBeUndefined()
    expect([implicit, before, after].map(({ position }) => position)).toEqual([at(5n), at(5n), at(5n)])
    expect(causality.systemIdentifier).toBe('7000')
  })

  it('is the first look, not a later one', () => {
    const { causality, implicit } = new Bench()
    causality.primaryAt(at(5n), implicit)
    causality.primaryAt(at(9n), implicit)
    expect(implicit.position).toEqual(at(5n))
  })

  it('of a new timeline stands for what is left of the old one: nobody waits for what is lost', () => {
    const { causality, implicit } = new Bench()
    causality.primaryAt(at(5n), implicit)
    const session = causality.begin(implicit, {})
    session.mustShow(at(900n))
    implicit.mustShow(at(900n))
    causality.primaryAt(at(700n, { timeline: 2 }), implicit)
    void causality.awaited(session)
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
    const bench = new Bench()
    const { causality } = bench
    const outer = causality.begin(bench.implicit, { primaryUntilMs: 77 })
    outer.mustShow(at(3n))
    bench.wrote(outer)
    outer.readFrom({ serverIdentity: 'a', atMs: 1 })
    expect(causality.beginWithin(outer, { consistency: 'causal' })).toMatchObject({
      consistency: 'causal',
      position: at(3n),
      lastWriteAtMs: outer.lastWriteAtMs,
      unfencedSinceMs: outer.unfencedSinceMs,
      fence: outer.fence,
      lastReads: [{ serverIdentity: 'a', atMs: 1 }],
      primaryUntilMs: 77,
    })
    expect(causality.beginWithin(outer, { primaryUntilMs: 99 }).primaryUntilMs).toBe(99)
    expect(causality.beginWithin(causality.begin(bench.implicit, {}), {}).primaryUntilMs).toBeUndefined()
  })

  it('tells that one, and the pool, what it writes; a session beside it hears nothing', () => {
    const bench = new Bench()
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
    const bench = new Bench()
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    expect(session.lastReads).toEqual([{ serverIdentity: 'a', atMs: bench.platform.now() }])
    expect(bench.causality.awaited(session)).toBeUndefined()
    expect(bench.causality.fencesAsked).toBe(0)
  })

  it('needs a fence when the primary has answered it', async () => {
    const bench = new Bench()
    const session = bench.session()
    bench.causality.answered(session, primaryView('p'), [])
    bench.position = at(9n)
    await bench.tells(at(9n))
    void bench.causality.awaited(session)
    expect(session.position).toEqual(at(9n))
  })

  it('needs a fence when its replica is gone', async () => {
    const bench = new Bench()
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    bench.servers.delete('a')
    const waiting = bench.waits(session)
    await bench.tells(at(9n))
    await waiting
    expect(session).toMatchObject({ lastReads: [{ serverIdentity: undefined }], position: at(9n) })
  })
})

describe('a claim', () => {
  it('that the primary was seen to have reached costs no question', () => {
    const { causality, implicit } = new Bench()
    const session = causality.begin(implicit, {})
    causality.claim(session, at(0x1000n), primaryOf('0/1000'))
    expect(session).toMatchObject({ position: at(0x1000n), unfencedSinceMs: undefined })
    expect(causality.fencesAsked).toBe(0)
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
    const bench = new Bench()
    const session = bench.session()
    bench.causality.claim(session, claimed, primary)
    const waiting = bench.waits(session)
    await bench.tells(at(0x3000n))
    await waiting
    expect(session.position).toEqual(position)
    expect(bench.rejections).toBe(rejections)
  })
})

describe('the position of a session', () => {
  it('that has only begun is the start', async () => {
    const { causality, implicit } = new Bench()
    causality.primaryAt(at(5n), implicit)
    expect(await causality.positionOf(causality.begin(implicit, {}), 50)).toEqual(at(5n))
    expect(causality.fencesAsked).toBe(0)
  })

  it.each<[string, (bench: Bench, session: MutableSession) => void]>([
    ['written', (bench, session) => bench.wrote(session)],
    ['read', (bench, session) => bench.causality.answered(session, replica('a'), [])],
    ['written, without a fence', (bench, session) => session.wrote(bench.platform.now(), undefined)],
  ])('covers what was %s', async (_name, happens) => {
    const bench = new Bench()
    const session = bench.session()
    happens(bench, session)
    const position = bench.causality.positionOf(session, 50)
    await bench.tells(at(9n))
    expect(await position).toEqual(at(9n))
  })

  it('cannot be had in time', async () => {
    const bench = new Bench()
    const position = bench.causality.positionOf(bench.wrote(bench.session()), 50)
    await bench.platform.advance(50)
    expect(await position).toBeUndefined()
    expect(bench.platform.pendingTimers).toBe(0)
  })
})

describe('a session that has read from a replica', () => {
  const reading = (bench: Bench): MutableSession => {
    const session = bench.session()
    bench.causality.answered(session, replica('a'), [])
    return session
  }
  const certainly: Unshown = {
    transactions: new Map([['5', { sinceMs: 0, isCommitted: false }]]),
    isCertain: true,
  }

  it('goes on at no cost', () => {
    const bench = new Bench()
    expect(bench.causality.awaited(reading(bench))).toBeUndefined()
    expect(bench.looks).toEqual([])
  })

  it('asks nothing when it has not: the primary shows all that it has seen', () => {
    const bench = new Bench()
    expect(bench.causality.shown(bench.session())).toBeUndefined()
  })

  it('is told what the primary does not show, and when it does', async () => {
    const bench = new Bench()
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

  it('fails when the primary shows it too late', async () => {
    const bench = new Bench()
    const session = reading(bench)
    bench.unshown = certainly
    const failed = expect(bench.causality.shown(session)).rejects.toMatchObject({
      code: 'SWITCHYARD_PRIMARY_BEHIND',
      retryable: true,
    })
    await bench.platform.advance(FAILOVER_TIMEOUT_MS + 100)
    await failed
  })

  it('does not wait so long where its read may go elsewhere, too', async () => {
    const bench = new Bench()
    const { lastReads } = reading(bench)
    bench.unshown = certainly
    const showing = bench.causality.showing(lastReads)
    await bench.platform.advance(WAIT_MS + 60)
    expect(await showing).toBe('hidden')
  })

  it('waits for the primary where it cannot but go there: no position can be had', async () => {
    const bench = new Bench()
    const session = bench.wrote(reading(bench))
    bench.unshown = certainly
    let isOver = false
    void bench.causality.awaited(session)?.then(() => (isOver = true))
    await bench.platform.advance(WAIT_MS + 50)
    expect(isOver).toBe(false)
    bench.unshown = { transactions: new Map(), isCertain: true }
    await bench.platform.advance(100)
    expect(isOver).toBe(true)
  })

  it.each([
    ['shown', { transactions: new Map(), isCertain: true }, 0],
    ['not shown', certainly, 1],
    ['not known', undefined, 1],
  ] as const)('gives its position, after one look whether that is %s', async (_name, unshown, left) => {
    const bench = new Bench()
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
    const bench = new Bench()
    const session = reading(bench)
    const before = session.lastReads
    bench.causality.answered(session, replica('b'), [])
    bench.causality.answered(session, primaryView('p'), before)
    expect(session.lastReads).toMatchObject([{ serverIdentity: 'b' }])
  })

  it('begins others within that have seen the same, and what their token says', () => {
    const bench = new Bench()
    const lastReads = [{ serverIdentity: undefined, atMs: 7 }]
    const inner = bench.causality.beginWithin(reading(bench), { lastReads })
    expect(inner.lastReads).toMatchObject([{ serverIdentity: 'a' }, { serverIdentity: undefined }])
  })
})
