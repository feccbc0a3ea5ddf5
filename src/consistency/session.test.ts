import { describe, expect, it } from 'vitest'
import { writeAt } from '../../test/support/sessions.ts'
import type { Floor, FloorState } from './floor.ts'
import type { Position } from './position.ts'
import { createSession, recordWrite, type MutableSession, type SeenRead } from './session.ts'

const at = (lsn: bigint, given: Partial<Position> = {}): Position => ({
  systemIdentifier: '7000',
  timeline: 1,
  lsn,
  ...given,
})

/** A floor that a test lets be known or fail. */
class TestFloor implements Floor {
  state: FloorState = { name: 'asked' }

  is(position: Position | undefined): this {
    this.state = position === undefined ? { name: 'failed' } : { name: 'known', position }
    return this
  }

  settled(): Promise<void> {
    return Promise.resolve()
  }
}

const read = (serverIdentity: string, atMs: number): SeenRead => ({ serverIdentity, atMs })
const monotonic = (): MutableSession => createSession({ isMonotonic: true })

describe('a session', () => {
  it('that is new has not written, and needs nothing', () => {
    expect(createSession()).toMatchObject({
      consistency: undefined,
      lastWriteAtMs: undefined,
      position: undefined,
      floorPendingSinceMs: undefined,
      pending: undefined,
      primaryUntilMs: undefined,
      lastReads: [],
    })
  })

  it('knows when it received the end of its last write', () => {
    const session = createSession()
    session.wrote(writeAt(1000))
    session.wrote(writeAt(2500))
    expect(session).toMatchObject({ lastWriteAtMs: 2500, floorPendingSinceMs: 2500 })
  })

  it('knows nothing of others', () => {
    const [ann, bob] = [createSession(), createSession()]
    ann.wrote(writeAt(1000))
    expect(bob.lastWriteAtMs).toBeUndefined()
  })

  it('tells all those around it what it wrote, however many, and hears nothing of them', () => {
    const outermost = createSession()
    let session = outermost
    for (let depth = 0; depth < 50_000; depth++) session = createSession({ parent: session })
    const floor = new TestFloor()
    recordWrite(session, writeAt(7, floor))
    expect(outermost).toMatchObject({ lastWriteAtMs: 7, pending: { sinceMs: 7, floor } })
    outermost.wrote(writeAt(9, new TestFloor()))
    expect(session.lastWriteAtMs).toBe(7)
  })
})

describe('settle', () => {
  it('changes nothing while the floor is requested', () => {
    const session = createSession()
    const floor = new TestFloor()
    session.wrote(writeAt(1, floor))
    expect(session.settle()).toBe(true)
    expect(session).toMatchObject({ pending: { floor, sinceMs: 1 }, position: undefined })
  })

  it('takes over the position, and then there is nothing pending', () => {
    const session = createSession({ position: at(3n) })
    session.wrote(writeAt(1, new TestFloor().is(at(9n))))
    expect(session.settle()).toBe(true)
    expect(session).toMatchObject({ pending: undefined, position: at(9n) })
    expect(session.lastWriteAtMs).toBe(1)
  })

  it('never takes a position back', () => {
    const session = createSession({ position: at(10n) })
    session.wrote(writeAt(1, new TestFloor().is(at(9n))))
    session.settle()
    expect(session.position).toEqual(at(10n))
  })

  it('a floor that failed covers nothing: what was written stays pending', () => {
    const session = createSession()
    session.wrote(writeAt(1, new TestFloor().is(undefined)))
    expect(session.settle()).toBe(true)
    expect(session).toMatchObject({ pending: { floor: undefined, sinceMs: 1 }, position: undefined })
  })

  it('the floor of the last write counts, though an earlier one is known', () => {
    const session = createSession()
    session.wrote(writeAt(1, new TestFloor().is(at(9n))))
    session.wrote(writeAt(2, new TestFloor()))
    session.settle()
    expect(session).toMatchObject({ position: undefined, floorPendingSinceMs: 2 })
  })
})

describe('a claim', () => {
  it.each<[string, Position, Position, Position, boolean]>([
    ['that the primary has reached is believed', at(5n), at(9n), at(5n), true],
    ['that is exactly where it is', at(9n), at(9n), at(9n), true],
    ['beyond the primary is not', at(10n), at(9n), at(9n), false],
    ['of a timeline to come is not', at(5n, { timeline: 2 }), at(9n), at(9n), false],
    ['of an older timeline is', at(5n), at(9n, { timeline: 2 }), at(5n), true],
    ['of another cluster is not', at(5n, { systemIdentifier: '1' }), at(9n), at(9n), false],
  ])('%s', (_name, claimed, primary, position, isBelieved) => {
    const session = createSession()
    session.claims(claimed, 1, new TestFloor().is(primary))
    expect(session.floorPendingSinceMs).toBe(1)
    expect(session.settle()).toBe(isBelieved)
    expect(session).toMatchObject({ position, floorPendingSinceMs: undefined })
    expect(session.settle()).toBe(true)
  })

  it('does not stand for what was written beside it', () => {
    const session = createSession()
    session.wrote(writeAt(1, new TestFloor()))
    session.claims(at(2n), 2, new TestFloor().is(at(9n)))
    session.settle()
    expect(session.position).toEqual(at(9n))
  })

  it('nor for what is written after it', () => {
    const session = createSession()
    session.claims(at(2n), 1, new TestFloor())
    session.wrote(writeAt(2, new TestFloor().is(at(9n))))
    session.settle()
    expect(session.position).toEqual(at(9n))
  })
})

describe('last reads', () => {
  it('are none of a session that promises nothing of the kind', () => {
    const session = createSession()
    session.readFrom(read('a', 1))
    expect(session.lastReads).toEqual([])
  })

  it('are the last one alone, while one follows the other', () => {
    const session = monotonic()
    session.readFrom(read('a', 1))
    session.readFrom(read('b', 2))
    expect(session.lastReads).toEqual([read('b', 2)])
  })

  it('are all that ran at the same time, one per server', () => {
    const session = monotonic()
    const before = session.lastReads
    session.readFrom(read('a', 1), before)
    session.readFrom(read('b', 2), before)
    session.readFrom(read('a', 3), before)
    expect(session.lastReads).toEqual([read('a', 3), read('b', 2)])
    session.readFrom(read('b', 4), session.lastReads)
    expect(session.lastReads).toEqual([read('b', 4)])
  })

  it('an answer that comes late does not hide those that came before it', () => {
    const session = monotonic()
    session.readFrom(read('a', 1))
    const early = session.lastReads
    session.readFrom(read('b', 2), early)
    session.readFrom(read('c', 3), early)
    expect(session.lastReads).toEqual([read('c', 3), read('b', 2)])
  })

  it('are over when the primary was read from, and proven to show them: those alone', () => {
    const session = monotonic()
    session.readFrom(read('a', 1))
    const before = session.lastReads
    session.readFrom(read('b', 2), before)
    session.readFrom(read('c', 2), before)
    session.saw(3, new TestFloor(), session.lastReads.slice(0, 1))
    expect(session).toMatchObject({
      lastReads: [read('b', 2)],
      floorPendingSinceMs: 3,
      lastWriteAtMs: undefined,
    })
    session.saw(4, new TestFloor(), [])
    expect(session.lastReads).toEqual([read('b', 2)])
    session.shows(session.lastReads)
    expect(session.lastReads).toEqual([])
  })

  it('of servers that are gone are covered by a floor, though not for the primary', () => {
    const session = monotonic()
    session.readFrom(read('a', 1))
    session.readFrom(read('b', 2), [])
    const [b, a] = session.lastReads
    session.lost([a, b].filter((each) => each !== undefined).slice(0, 1), 3, new TestFloor())
    expect(session).toMatchObject({
      lastReads: [read('b', 2), { serverIdentity: undefined, atMs: 1 }],
      floorPendingSinceMs: 3,
    })
    session.lost(session.lastReads, 4, new TestFloor())
    expect(session.lastReads).toEqual([{ serverIdentity: undefined, atMs: 2 }])
  })
})
