import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admission, CLOSED, transition, type Breaker, type BreakerEvent } from './breaker.ts'

const NOW_MS = 1_000_000
const answered: BreakerEvent = { type: 'answered' }
const failed: BreakerEvent = { type: 'failed', chance: 0 }
const returned: BreakerEvent = { type: 'returned' }

const closed = (failures: number, ejections = 0, sinceMs = -Infinity): Breaker => ({
  name: 'closed',
  failures,
  ejections,
  sinceMs,
})
const open = (untilMs: number, ejections = 1): Breaker => ({ name: 'open', untilMs, ejections })
const halfOpen = (permits: number, count = 0, ejections = 1): Breaker => ({
  name: 'half-open',
  permits,
  answered: count,
  ejections,
})

describe('transition', () => {
  it.each<[string, Breaker, BreakerEvent, Breaker]>([
    ['an answer forgives failures', closed(4), answered, closed(0)],
    ['a failure is counted', closed(0), failed, closed(1)],
    ['four failures do not eject', closed(3), failed, closed(4)],
    ['the fifth does', closed(4), failed, open(NOW_MS + 1000, 1)],
    [
      'the second ejection in a row takes twice as long',
      closed(4, 1, NOW_MS - 59_999),
      failed,
      open(NOW_MS + 2000, 2),
    ],
    [
      'after a minute of service it begins anew',
      closed(4, 7, NOW_MS - 60_000),
      failed,
      open(NOW_MS + 1000, 1),
    ],
    ['no ejection takes more than 30 s', closed(4, 99, NOW_MS), failed, open(NOW_MS + 30_000, 100)],
    ['ejections are spread', closed(4), { type: 'failed', chance: 0.5 }, open(NOW_MS + 900, 1)],
    ['what was sent before the ejection fails late', open(NOW_MS + 1), failed, open(NOW_MS + 1)],
    ['what was sent before the ejection is answered late', open(NOW_MS + 1), answered, open(NOW_MS + 1)],
    ['the first one in is answered', open(NOW_MS), answered, halfOpen(2)],
    ['the first one in fails', open(NOW_MS), failed, open(NOW_MS + 2000, 2)],
    ['one of two is answered', halfOpen(2), answered, halfOpen(2, 1)],
    ['two of two are answered', halfOpen(2, 1), answered, halfOpen(4)],
    ['one of many fails', halfOpen(16, 15), failed, open(NOW_MS + 2000, 2)],
    ['the last of 32 is answered', halfOpen(32, 31, 3), answered, closed(0, 3, NOW_MS)],
    ['a node that returns begins with one', CLOSED, returned, halfOpen(1, 0, 0)],
    ['a node that returns to its ejection begins with one', open(NOW_MS + 9, 2), returned, halfOpen(1, 0, 2)],
    ['a node that returns on its way back begins with one', halfOpen(8, 5, 2), returned, halfOpen(1, 0, 2)],
    [
      'a node that returns after a minute of service begins anew',
      closed(0, 7, NOW_MS - 60_000),
      returned,
      halfOpen(1, 0, 0),
    ],
  ])('%s', (_name, from, event, to) => {
    expect(transition(from, event, NOW_MS)).toEqual(to)
  })

  it('nothing new is no new object: the usual case costs nothing', () => {
    expect(transition(CLOSED, answered, NOW_MS)).toBe(CLOSED)
  })

  it('goes back to service in steps of 1, 2, 4, 8, 16 and 32', () => {
    let breaker = open(NOW_MS)
    const permits: number[] = []
    while (breaker.name !== 'closed') {
      permits.push(breaker.name === 'open' ? 1 : breaker.permits)
      breaker = transition(breaker, answered, NOW_MS)
    }
    expect([...new Set(permits)]).toEqual([1, 2, 4, 8, 16, 32])
    expect(permits).toHaveLength(63)
  })
})

describe('admission', () => {
  it.each<[string, Breaker, number, string]>([
    ['in service', closed(4), 99_999, 'admitted'],
    ['ejected', open(NOW_MS + 1), 0, 'ejected'],
    ['the time is over: one goes in', open(NOW_MS), 0, 'admitted'],
    ['the time is over: one is in', open(NOW_MS), 1, 'recovering'],
    ['on its way back, with room', halfOpen(4), 3, 'admitted'],
    ['on its way back, full', halfOpen(4), 4, 'recovering'],
  ])('%s', (_name, breaker, inFlight, expected) => {
    expect(admission(breaker, inFlight, NOW_MS)).toBe(expected)
  })
})

describe('random histories', () => {
  const event = fc.oneof(
    fc.constant(answered),
    fc
      .double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
      .map((chance): BreakerEvent => ({ type: 'failed', chance })),
    fc.constant(returned),
  )
  const history = fc.array(fc.record({ event, afterMs: fc.nat(40_000) }), { maxLength: 60 })

  it('a node is out for 0.8 to 30 s at a time, and answers bring it back', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let breaker = CLOSED
        let nowMs = NOW_MS
        for (const { event: what, afterMs } of steps) {
          nowMs += afterMs
          const before = breaker
          breaker = transition(breaker, what, nowMs)
          if (breaker.name === 'open' && breaker !== before) {
            expect(breaker.untilMs - nowMs).toBeGreaterThanOrEqual(800)
            expect(breaker.untilMs - nowMs).toBeLessThanOrEqual(30_000)
          }
          if (breaker.name === 'half-open') expect([1, 2, 4, 8, 16, 32]).toContain(breaker.permits)
          if (what.type === 'answered') expect(breaker.name === 'open' && before.name !== 'open').toBe(false)
        }
        nowMs += 30_000
        expect(admission(breaker, 0, nowMs)).toBe('admitted')
        for (let i = 0; i < 63; i++) breaker = transition(breaker, answered, nowMs)
        expect(breaker.name).toBe('closed')
      }),
    )
  })
})
