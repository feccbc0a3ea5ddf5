import { describe, expect, it } from 'vitest'
import { Auditor, type Judged } from './auditor.ts'
import { History, type Call } from './history.ts'
import { FIRST_RECORD, recordAfter, type WalRecord } from './wal.ts'

/**
 * Two promotions. Timeline 1 has writes 100 and 200. The first promotion loses 200. The second one is of a server that
 * has followed the first primary, so it has 200 as well. Or it is of a server that has followed the second primary.
 */
const first: WalRecord = {
  ...FIRST_RECORD,
  state: new Map([['items:1', { value: '0', record: FIRST_RECORD }]]),
}
const kept = write(first, 100, 1)
const lost = write(kept, 200, 1)
const onSecond = write(kept, 300, 2)
const otherOnSecond = recordAfter(kept, {
  bytes: 64,
  changes: [{ key: 'items:2', value: '400' }],
  timeline: 2,
})

const THIRD_BEGINS_MS = 1005
const broughtBack = judged([first, kept, lost], new Set([first, kept, lost]))
const goneForGood = judged([first, kept, onSecond], new Set([first, kept, onSecond]))

/** Timelines that the pool knows when a read begins and when it ends. */
const KNOWN = [
  [2, 2],
  [2, 3],
  [3, 3],
] as const
const GOES_BACK = 'a session reads its writes, and never goes back'
const OTHER_TIMELINE = 'no read on a node of another timeline'

function write(after: WalRecord, value: number, timeline: number): WalRecord {
  return recordAfter(after, { bytes: 64, changes: [{ key: 'items:1', value: String(value) }], timeline })
}

function judged(wal: readonly WalRecord[], takenByThird: ReadonlySet<WalRecord>): Judged {
  const taken = new Map([
    [2, new Set([first, kept])],
    [3, takenByThird],
  ])
  return {
    primary: { wal },
    commits: new Map([
      ...[kept, lost, onSecond].map((record) => [`items:1=${valueOf(record)}`, [record]] as const),
      ['items:2=400', [otherOnSecond]],
    ]),
    newestAt: (ms) => (ms >= THIRD_BEGINS_MS ? 3 : 2),
    has: (timeline, record) => record.timeline >= timeline || taken.get(timeline)?.has(record) !== false,
  }
}

function valueOf({ state }: WalRecord): string {
  return state.get('items:1')?.value ?? ''
}

/** A call that begins and ends while these timelines are known. */
function call(id: number, [knownTimeline, knownAtEnd]: readonly [number, number], its: Partial<Call>): Call {
  return {
    operation: { id, pauseMs: 0, action: { type: 'read', table: 'items', row: 1 } },
    actor: 'a',
    process: 0,
    session: 'a1',
    beganMs: id,
    promised: 'session',
    endedMs: id + 10,
    error: undefined,
    outcome: undefined,
    shown: [],
    wrote: new Set(),
    sent: new Set(),
    isRolledBack: false,
    knownTimeline,
    knownAtWrite: knownTimeline,
    knownAtEnd,
    ...its,
  }
}

function wrote(id: number, timeline = 1): Call {
  return call(id, [timeline, timeline], { wrote: new Set(['items:1']), sent: new Set(['items:1']) })
}

/** A read that begins before the second promotion, and ends behind it. */
function read(value: number, known: readonly [number, number], its: Partial<Call> = {}): Call {
  const rows = new Map([['items:1', String(value)]])
  return call(1000, known, { shown: [{ covers: 'items:1', rows }], ...its })
}

function broken(world: Judged, ...calls: readonly Call[]): readonly string[] {
  const history = new History()
  history.calls.push(...calls)
  return new Auditor(history, world, true).judge().map(({ property }) => property)
}

describe('the auditor of the simulation, with a write that the first of two promotions has lost', () => {
  it('requires the write before a promotion is known, and what is older is a loss', () => {
    expect(broken(broughtBack, wrote(100), wrote(200), read(200, [1, 1]))).toEqual([])
    expect(broken(broughtBack, wrote(100), wrote(200), read(100, [1, 1]))).toEqual([GOES_BACK])
  })

  it('does not require it once the first promotion is known', () => {
    expect(broken(broughtBack, wrote(100), wrote(200), read(100, [2, 2]))).toEqual([])
    expect(broken(broughtBack, wrote(100), wrote(200), read(100, [1, 2]))).toEqual([])
    expect(broken(broughtBack, wrote(100), wrote(200), read(100, [2, 3]))).toEqual([])
  })

  it('requires it again once the second promotion is known, which brings it back', () => {
    expect(broken(broughtBack, wrote(100), wrote(200), read(200, [3, 3]))).toEqual([])
    expect(broken(broughtBack, wrote(100), wrote(200), read(100, [3, 3]))).toEqual([GOES_BACK])
  })

  it('requires what the first promotion has kept on every timeline', () => {
    for (const known of [1, 2, 3])
      expect(broken(broughtBack, wrote(100), read(0, [known, known]))).toEqual([GOES_BACK])
    expect(broken(broughtBack, wrote(100), read(0, [1, 3]))).toEqual([GOES_BACK])
  })

  it('requires what was written on the second timeline', () => {
    expect(broken(goneForGood, wrote(100), wrote(300, 2), read(100, [2, 2]))).toEqual([GOES_BACK])
    expect(broken(goneForGood, wrote(100), wrote(300, 2), read(100, [2, 3]))).toEqual([GOES_BACK])
  })

  it('does not let it be shown once the first promotion is known', () => {
    expect(broken(broughtBack, read(200, [2, 2], { endedMs: 1004 }))).toEqual([OTHER_TIMELINE])
    expect(broken(broughtBack, read(200, [1, 1], { endedMs: 1004 }))).toEqual([])
  })

  it('does not let it be shown to a session that has seen the second timeline', () => {
    const seen = read(300, [1, 1], { operation: wrote(500).operation, beganMs: 500, endedMs: 510 })
    expect(broken(goneForGood, seen, read(200, [1, 1]))).toContain(OTHER_TIMELINE)
  })

  it('does not let it be shown to a session that has seen another row of the second timeline', () => {
    const world = judged([first, kept, otherOnSecond], new Set([first, kept, otherOnSecond]))
    const shown = [{ covers: 'items:2', rows: new Map([['items:2', '400']]) }]
    const seen = call(500, [1, 1], { shown })
    expect(broken(world, seen, read(200, [1, 1], { endedMs: 1004 }))).toEqual([OTHER_TIMELINE])
    expect(broken(world, read(200, [1, 1], { endedMs: 1004 }))).toEqual([])
  })

  it('lets it be shown from the promotion on that brings it back, whether that is known or not', () => {
    for (const known of KNOWN) expect(broken(broughtBack, read(200, known))).toEqual([])
  })

  it('does not let it be shown when neither promotion has it', () => {
    for (const known of KNOWN) expect(broken(goneForGood, read(200, known))).toEqual([OTHER_TIMELINE])
  })
})
