import { describe, expect, it } from 'vitest'
import { downView, primaryView, replicaView, snapshotOf } from '../../test/support/views.ts'
import type { NodeView } from '../topology/snapshot.ts'
import {
  afterRefusalMs,
  chaseDelayMs,
  hasChanged,
  hasOpenRole,
  intervalOf,
  jittered,
  paceOf,
  type Circumstances,
  type Pace,
} from './pace.ts'

const NOW_MS = 1_000_000
const SECOND = 1000

/** In use, all well for long, unless said otherwise. Times are in seconds ago. */
function pace(given: {
  doubt?: boolean
  changed?: number
  awaited?: number
  used?: number
  down?: number
}): Pace {
  const ago = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : NOW_MS - seconds * SECOND
  const circumstances: Circumstances = {
    nowMs: NOW_MS,
    isInDoubt: given.doubt ?? false,
    changedAtMs: NOW_MS - (given.changed ?? 500) * SECOND,
    usedAtMs: NOW_MS - (given.used ?? 0) * SECOND,
    awaitedSinceMs: ago(given.awaited),
    downSinceMs: ago(given.down),
  }
  return paceOf(circumstances)
}

describe('paceOf', () => {
  it.each<[string, Parameters<typeof pace>[0], Pace]>([
    ['all is well', {}, 'normal'],
    ['a change that leaves nothing open', { changed: 0 }, 'normal'],
    ['unused for a while', { used: 9.9 }, 'normal'],
    ['unused for long', { used: 10 }, 'slow'],
    ['in doubt', { doubt: true, changed: 1 }, 'fast'],
    ['in doubt and unused', { doubt: true, changed: 1, used: 100 }, 'fast'],
    ['in doubt for long', { doubt: true, changed: 60 }, 'normal'],
    ['in doubt for long and unused', { doubt: true, changed: 60, used: 10 }, 'slow'],
    ['in doubt for long, and now somebody waits', { doubt: true, changed: 500, awaited: 1 }, 'fast'],
    ['in doubt for long, and somebody always waits', { doubt: true, changed: 500, awaited: 60 }, 'normal'],
    ['somebody waits', { awaited: 1 }, 'fast'],
    ['somebody always waits, and nothing is open', { awaited: 500 }, 'fast'],
    ['somebody waits, and nothing is sent meanwhile', { awaited: 5, used: 100 }, 'fast'],
    ['a node that went down', { down: 1 }, 'normal'],
    ['a node that went down, in doubt', { down: 1, doubt: true, changed: 1 }, 'fast'],
    ['a node that is down for long', { down: 60, doubt: true, changed: 1 }, 'normal'],
    ['a node that is down for long, and somebody waits', { down: 60, awaited: 1 }, 'normal'],
    ['a node that is down for long and nobody needs', { down: 60, used: 10 }, 'slow'],
  ])('%s', (_name, given, expected) => {
    expect(pace(given)).toBe(expected)
  })
})

describe('intervals', () => {
  it.each<[number, number, number]>([
    [500, 50, 5000],
    [100, 50, 1000],
    [20, 20, 200],
    [3000, 50, 10_000],
    [30_000, 50, 30_000],
  ])('normal %i ms: fast %i ms, slow %i ms', (normal, fast, slow) => {
    const intervals = (['fast', 'normal', 'slow'] as const).map((each) => intervalOf(each, normal))
    expect(intervals).toEqual([fast, normal, slow])
  })

  it('jitter makes them shorter by up to a fifth', () => {
    expect([jittered(500, 0), jittered(500, 0.5), jittered(500, 1)]).toEqual([500, 450, 400])
  })

  it('suspicions in a row are met at once, then more and more slowly, never slower than the interval', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map((chases) => chaseDelayMs(chases, 500))).toEqual([
      0, 50, 100, 200, 400, 500, 500,
    ])
  })
})

const suspected: Partial<NodeView> = {
  role: 'unknown',
  state: { name: 'suspected', cause: new Error('read ECONNRESET'), sinceMs: 1 },
}

describe('hasOpenRole', () => {
  it.each([
    ['a primary and a replica', [primaryView('a'), replicaView('b')], false],
    ['a replica that is down', [primaryView('a'), downView('b')], false],
    ['no primary', [downView('a'), replicaView('b')], true],
    ['two primaries', [primaryView('a'), primaryView('b')], true],
    ['a suspected replica', [primaryView('a'), replicaView('b', undefined, suspected)], true],
  ])('%s', (_name, nodes, expected) => {
    expect(hasOpenRole(snapshotOf(...nodes))).toBe(expected)
  })
})

describe('hasChanged', () => {
  const before = [primaryView('a'), replicaView('b')]

  it.each([
    ['nothing', [primaryView('a'), replicaView('b')], false],
    ['lag alone', [primaryView('a'), replicaView('b', { bytes: 1, freshAsOfMs: 1 })], false],
    ['a state', [primaryView('a'), downView('b')], true],
    ['a role', [primaryView('a'), primaryView('b')], true],
    ['an exclusion', [primaryView('a'), replicaView('b', undefined, { exclusion: 'same-server' })], true],
    ['a node that is new', [...before, replicaView('c')], true],
    ['a node that is gone', [primaryView('a')], true],
    ['a node in the place of another', [primaryView('a'), replicaView('c')], true],
  ])('%s', (_name, nodes, expected) => {
    expect(hasChanged(snapshotOf(...before), snapshotOf(...nodes))).toBe(expected)
  })
})

describe('a node that refuses the login', () => {
  it.each([
    [0, 20],
    [20, 20],
    [40, 40],
    [3000, 3000],
    [3_600_000, 10_000],
  ])('for %s ms is asked again after %s ms', (refusedForMs, expected) => {
    expect(afterRefusalMs(refusedForMs)).toBe(expected)
  })
})
