import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lsn } from '../topology/lsn.ts'
import type { Observation } from '../topology/node.ts'
import { LagClock } from './lag-clock.ts'

function sample(lsn: Lsn | undefined, sentAtMs: number, receivedAtMs = sentAtMs, server = 'p'): Observation {
  const base = { role: 'primary', systemIdentifier: '7000', serverIdentity: server } as const
  return { ...base, sentAtMs, receivedAtMs, ...(lsn === undefined ? {} : { lsn }) }
}

function clockOf(...samples: readonly Observation[]): LagClock {
  const clock = new LagClock()
  for (const each of samples) clock.record(each)
  return clock
}

describe('LagClock', () => {
  const history = [sample(100n, 10, 11), sample(200n, 20, 22), sample(300n, 30, 33)]

  it.each([
    ['before everything that is remembered, nothing is known', 99n, undefined],
    ['at the oldest sample', 100n, { bytes: 200, freshAsOfMs: 10, behindSinceMs: 22 }],
    [
      'between two samples, the older proves freshness and the newer the lag',
      250n,
      { bytes: 50, freshAsOfMs: 20, behindSinceMs: 33 },
    ],
    ['at the newest sample it is not behind', 300n, { bytes: 0, freshAsOfMs: 30 }],
    ['beyond the newest sample neither, but fresh no later than that', 999n, { bytes: 0, freshAsOfMs: 30 }],
  ])('%s', (_name, replayLsn, expected) => {
    expect(clockOf(...history).lagAt(replayLsn)).toEqual(expected)
  })

  it('knows nothing before the primary was seen', () => {
    expect(clockOf().lagAt(100n)).toBeUndefined()
    expect(clockOf(sample(undefined, 10)).lagAt(100n)).toBeUndefined()
  })

  it('counts from when the question was sent, not from when the answer came', () => {
    // A commit at 15 ms may be behind the position that was read at 11 ms.
    expect(clockOf(sample(100n, 10, 30)).lagAt(100n)?.freshAsOfMs).toBe(10)
  })

  it('a replica of an idle primary stays fresh, and is not behind', () => {
    const clock = clockOf(sample(100n, 10), sample(100n, 20), sample(100n, 30))
    expect(clock.lagAt(100n)).toEqual({ bytes: 0, freshAsOfMs: 30 })
  })

  it('a replica is behind since the position that it misses was first seen', () => {
    const clock = clockOf(sample(100n, 10), sample(200n, 20, 21), sample(200n, 90, 91))
    expect(clock.lagAt(150n)?.behindSinceMs).toBe(21)
  })

  it.each([
    ['of the same position', sample(300n, 15, 99), { bytes: 0, freshAsOfMs: 30 }],
    ['of an older position', sample(150n, 25, 99), { bytes: 0, freshAsOfMs: 30 }],
    [
      'of an older position, though it was asked for later',
      sample(150n, 45, 99),
      { bytes: 0, freshAsOfMs: 30 },
    ],
  ])('an answer %s that comes late proves nothing new', (_name, late, expected) => {
    const clock = clockOf(...history, late)
    expect(clock.lagAt(300n)).toEqual(expected)
    expect(clock.lagAt(160n)).toEqual({ bytes: 140, freshAsOfMs: 10, behindSinceMs: 22 })
  })

  it('another server begins another history: positions of the old one prove nothing', () => {
    const clock = clockOf(...history, sample(150n, 40, 41, 'promoted'))
    expect(clock.lagAt(140n)).toBeUndefined()
    expect(clock.lagAt(300n)).toEqual({ bytes: 0, freshAsOfMs: 40 })
  })

  it('another timeline of the same server does too', () => {
    const clock = clockOf(...history, { ...sample(150n, 40), timeline: 2 })
    expect(clock.lagAt(140n)).toBeUndefined()
    expect(clock.lagAt(300n)).toEqual({ bytes: 0, freshAsOfMs: 40 })
  })

  it('a primary that cannot tell its position ends the history of another', () => {
    expect(clockOf(...history, sample(undefined, 40, 41, 'promoted')).lagAt(300n)).toBeUndefined()
    expect(clockOf(...history, sample(undefined, 40, 41)).lagAt(300n)).toEqual({ bytes: 0, freshAsOfMs: 30 })
  })

  it('tells when it saw the primary last', () => {
    expect(clockOf(...history).seenAtMs).toBe(33)
    expect(clockOf(...history, sample(300n, 50, 55)).seenAtMs).toBe(55)
    expect(clockOf().seenAtMs).toBe(-Infinity)
  })

  it.each([
    ['of its timeline', { lsn: 300n, timeline: 3 }, 0],
    ['of another', { lsn: 300n, timeline: 2 }, undefined],
    ['of one that it cannot tell', { lsn: 300n }, undefined],
    ['without a position', { timeline: 3 }, undefined],
  ])('the lag of a replica %s', (_name, seen, bytes) => {
    const clock = clockOf({ ...sample(300n, 30), timeline: 3 })
    const base = { role: 'replica', systemIdentifier: '7000', serverIdentity: 'r' } as const
    expect(clock.lagOf({ ...base, ...seen, sentAtMs: 40, receivedAtMs: 41 })?.bytes).toBe(bytes)
  })

  it('positions further apart than a 32 bit number holds', () => {
    expect(clockOf(sample(0n, 10), sample(2n ** 40n, 20)).lagAt(0n)?.bytes).toBe(2 ** 40)
  })
})

describe('the memory of a LagClock', () => {
  const samples = Array.from({ length: 1000 }, (_unused, index) => sample(BigInt(index), index * 10))
  /** Freshness of a replica at each of these positions, by a clock of this capacity. */
  function freshness(capacity: number): readonly (number | undefined)[] {
    const clock = new LagClock(capacity)
    for (const each of samples) clock.record(each)
    return samples.map(({ lsn = 0n }) => clock.lagAt(lsn)?.freshAsOfMs)
  }

  it.each([4, 16, 100])('is bounded: of 1,000 positions it tells at most %i apart', (capacity) => {
    const told = new Set(freshness(capacity))
    expect(told.size).toBeLessThanOrEqual(capacity)
    expect(told.size).toBeGreaterThan(capacity / 2)
  })

  it.each([4, 16, 100])('of %i, the newer half is exact, and the oldest is not forgotten', (capacity) => {
    const told = freshness(capacity)
    const truth = samples.map(({ sentAtMs }) => sentAtMs)
    expect(told.slice(-capacity / 2)).toEqual(truth.slice(-capacity / 2))
    expect(told[0]).toBe(0)
  })
})

/** One step of a primary: WAL grows, and a probe may run. In milliseconds and bytes. */
const step = fc.record({
  idleMs: fc.nat(20),
  writtenBytes: fc.nat(3),
  isProbed: fc.boolean(),
  toServerMs: fc.nat(5),
  fromServerMs: fc.nat(5),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Commit {
  readonly lsn: Lsn
  readonly atMs: number
}

interface History {
  readonly commits: readonly Commit[]
  readonly samples: readonly Observation[]
}

/** Commits with their true times, and the samples that probes took of them. While a probe travels WAL grows too. */
function play(steps: readonly Step[]): History {
  const commits: Commit[] = [{ lsn: 0n, atMs: 0 }]
  const samples: Observation[] = []
  let nowMs = 0
  let lsn = 0n
  const write = (bytes: number): void => {
    if (bytes === 0) return
    lsn += BigInt(bytes)
    commits.push({ lsn, atMs: nowMs })
  }
  for (const { idleMs, writtenBytes, isProbed, toServerMs, fromServerMs } of steps) {
    nowMs += idleMs
    write(writtenBytes)
    if (!isProbed) continue
    const sentAtMs = nowMs
    nowMs += toServerMs
    write(toServerMs > 2 ? writtenBytes : 0)
    const seen = lsn
    nowMs += fromServerMs
    write(fromServerMs > 2 ? writtenBytes : 0)
    samples.push(sample(seen, sentAtMs, nowMs))
  }
  return { commits, samples }
}

/** The position that holds everything which was committed before `atMs`. */
function positionBefore({ commits }: History, atMs: number): Lsn {
  return commits.findLast((commit) => commit.atMs < atMs)?.lsn ?? 0n
}

describe('LagClock against the truth', () => {
  const capacity = fc.constantFrom(4, 5, 8, 32, 1024)

  it('never calls a replica fresher than it is, whatever was forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), capacity, fc.nat(200), (steps, size, replayed) => {
        const history = play(steps)
        const clock = new LagClock(size)
        for (const each of history.samples) {
          clock.record(each)
          const lag = clock.lagAt(BigInt(replayed))
          if (lag === undefined) continue
          expect(positionBefore(history, lag.freshAsOfMs)).toBeLessThanOrEqual(BigInt(replayed))
        }
      }),
      { numRuns: 400 },
    )
  })

  it('proves the newest sample that the replica has reached, as long as nothing was forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(120), (steps, replayed) => {
        const { samples } = play(steps)
        const reached = samples.filter(({ lsn = 0n }) => lsn <= BigInt(replayed))
        const missed = samples.find(({ lsn = 0n }) => lsn > BigInt(replayed))
        const lag = clockOf(...samples).lagAt(BigInt(replayed))
        expect(lag?.freshAsOfMs).toBe(reached.at(-1)?.sentAtMs)
        if (lag !== undefined) expect(lag.behindSinceMs).toBe(missed?.receivedAtMs)
      }),
    )
  })

  it('forgetting makes a replica look older only, and never one that has everything', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), fc.nat(200), (steps, replayed) => {
        const { samples } = play(steps)
        const small = new LagClock(4)
        for (const each of samples) small.record(each)
        const thin = small.lagAt(BigInt(replayed))
        const full = clockOf(...samples).lagAt(BigInt(replayed))
        expect(thin === undefined).toBe(full === undefined)
        if (thin === undefined || full === undefined) return
        expect(thin.freshAsOfMs).toBeLessThanOrEqual(full.freshAsOfMs)
        expect(thin.bytes).toBe(full.bytes)
        if (full.behindSinceMs === undefined) expect(thin).toEqual(full)
      }),
    )
  })
})
