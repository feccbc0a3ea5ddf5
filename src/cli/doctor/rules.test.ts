import { describe, expect, it } from 'vitest'
import type { Observation } from '../../topology/node.ts'
import { PLAIN } from '../../topology/wording.ts'
import type { DatabaseFacts, Facts, NodeFacts } from './facts.ts'
import { findingsOf, type Finding } from './finding.ts'
import { rules } from './rules.ts'

const observation: Observation = {
  role: 'primary',
  systemIdentifier: '7',
  serverIdentity: '7:1',
  timeline: 3,
  sentAtMs: 0,
  receivedAtMs: 1,
}

function node(given: 'primary' | 'replica', other: Partial<NodeFacts> = {}): NodeFacts {
  const isStandby = given === 'replica'
  return {
    id: given,
    given,
    server: {
      isStandby,
      version: 180004,
      user: 'app',
      database: 'shop',
      mayMonitor: true,
      clockSkewMs: 0,
      clockErrorMs: 1,
    },
    probe: { known: { ...observation, role: given, serverIdentity: `7:${given}` } },
    isBalanced: false,
    settings: { known: { hot_standby_feedback: 'on', max_standby_streaming_delay: '30000' } },
    limits: { known: { server: 100, used: 0 } },
    pooler: { known: 'none' },
    activity: { known: [] },
    statistics: { known: { blocksHit: 1e6, blocksRead: 100, conflicts: 0 } },
    collations: { known: [] },
    indexScans: { known: new Map() },
    ...(isStandby && {
      replay: { known: { isStreaming: true, isPaused: false } },
      lag: { known: { ms: 1, isCaughtUp: true, bytes: 0 } },
    }),
    ...other,
  }
}

const database: DatabaseFacts = {
  relations: { known: [] },
  boundRelations: { known: [] },
  functions: { known: [] },
  indexes: { known: [] },
  vacuum: { known: [] },
  rowsReplaced: { known: 0 },
  slots: { known: [] },
}

const good: Facts = {
  primary: node('primary'),
  replicas: [node('replica')],
  refused: [],
  database,
  expected: { processes: 1, max: 10, maxLagMs: 1000, slowMs: 5000 },
}

const found = (facts: Partial<Facts>): readonly Finding[] => findingsOf({ ...good, ...facts }, rules)
const idsOf = (facts: Partial<Facts>): readonly string[] => found(facts).map(({ id }) => id)
const replica = (other: Partial<NodeFacts>): Partial<Facts> => ({ replicas: [node('replica', other)] })
const serverOf = (given: 'primary' | 'replica', other: Partial<NodeFacts['server']>): Partial<NodeFacts> => ({
  server: { ...node(given).server, ...other },
})
const settings = (values: Readonly<Record<string, string>>): Partial<NodeFacts> => ({
  settings: { known: values },
})

const observed = (other: Partial<Observation>): Partial<NodeFacts> => ({
  probe: { known: { ...observation, role: 'replica', serverIdentity: '7:replica', ...other } },
})

const index = {
  oid: 1,
  name: 'a',
  table: 't',
  bytes: 1e6,
  isUnique: false,
  isNeeded: false,
  definition: 't btree 1',
}
const scans = (...counts: number[]): Partial<NodeFacts> => ({
  indexScans: { known: new Map(counts.map((count, at) => [at + 1, count])) },
})
const vacuum = { table: 't', live: 1e4, dead: 0, threshold: 2050, isAutovacuumOff: false, freezeShare: 0.5 }
const slot = { name: 's', isActive: true, walStatus: 'reserved', keptBytes: 0 }

describe('the rules', () => {
  it('find nothing wrong with a good deployment', () => {
    expect(found({})).toEqual([])
  })

  it('have ids of their own', () => {
    const ids = rules.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)])
  })

  it.each<[string, Partial<Facts>, readonly string[]]>([
    [
      'a replica on an older timeline',
      replica({ probe: { known: { ...observation, timeline: 2 } } }),
      ['old-timeline'],
    ],
    [
      'a replica whose timeline is unknown',
      replica({ probe: { known: { ...observation, timeline: undefined as never } } }),
      [],
    ],
    ['a clock 2 s ahead', replica(serverOf('replica', { clockSkewMs: 2_000 })), ['clock-skew']],
    [
      'a clock that may be right, over a slow network',
      replica(serverOf('replica', { clockSkewMs: 2_000, clockErrorMs: 1_500 })),
      [],
    ],
    [
      'our own clock is wrong',
      {
        primary: node('primary', serverOf('primary', { clockSkewMs: 9_000 })),
        ...replica(serverOf('replica', { clockSkewMs: 9_000 })),
      },
      [],
    ],
    ['exactly as many connections as there are', replica({ limits: { known: { server: 12, used: 0 } } }), []],
    ['one connection too few', replica({ limits: { known: { server: 11, used: 0 } } }), ['connection-limit']],
    [
      'connections of others',
      replica({ limits: { known: { server: 100, used: 89 } } }),
      ['connection-limit'],
    ],
    [
      'a limit of the database',
      replica({ limits: { known: { server: 100, database: 5, used: 0 } } }),
      ['connection-limit'],
    ],
    [
      'a pooler, whose clients are no connections',
      replica({ limits: { known: { server: 5, used: 0 } }, pooler: { known: 'transaction' } }),
      ['pooler'],
    ],
    [
      'no feedback, and nothing to vacuum',
      replica(settings({ hot_standby_feedback: 'off', max_standby_streaming_delay: '30000' })),
      ['hot-standby-feedback'],
    ],
    [
      'a short delay with feedback',
      replica(settings({ hot_standby_feedback: 'on', max_standby_streaming_delay: '0' })),
      [],
    ],
    [
      'a long delay',
      replica(settings({ hot_standby_feedback: 'on', max_standby_streaming_delay: '600000' })),
      ['standby-delay'],
    ],
    [
      'an index that the replica uses',
      {
        primary: node('primary', scans(0)),
        ...replica(scans(9)),
        database: { ...database, indexes: { known: [index] } },
      },
      [],
    ],
    [
      'an index that nobody uses',
      {
        primary: node('primary', scans(0)),
        ...replica(scans(0)),
        database: { ...database, indexes: { known: [index] } },
      },
      ['unused-indexes'],
    ],
    [
      'a small index that nobody uses',
      {
        primary: node('primary', scans(0)),
        ...replica(scans(0)),
        database: { ...database, indexes: { known: [{ ...index, bytes: 8192 }] } },
      },
      [],
    ],
    [
      'an index of which a node tells nothing',
      { primary: node('primary', scans(0)), database: { ...database, indexes: { known: [index] } } },
      [],
    ],
    [
      'dead rows that autovacuum has yet to see',
      { database: { ...database, vacuum: { known: [{ ...vacuum, dead: 4_000 }] } } },
      [],
    ],
    [
      'many dead rows',
      { database: { ...database, vacuum: { known: [{ ...vacuum, dead: 5_000 }] } } },
      ['vacuum'],
    ],
    [
      'old rows',
      { database: { ...database, vacuum: { known: [{ ...vacuum, freezeShare: 1.2 }] } } },
      ['vacuum'],
    ],
    ['a slot in use', { database: { ...database, slots: { known: [slot] } } }, []],
    [
      'a slot far behind',
      { database: { ...database, slots: { known: [{ ...slot, keptBytes: 2 ** 31 }] } } },
      ['replication-slots'],
    ],
    [
      'a slot that has lost WAL',
      { database: { ...database, slots: { known: [{ ...slot, walStatus: 'lost' }] } } },
      ['replication-slots'],
    ],
    [
      'a low ratio of few blocks',
      replica({ statistics: { known: { blocksHit: 1, blocksRead: 99, conflicts: 0 } } }),
      [],
    ],
    [
      'a service with a storage of its own',
      replica({
        ...observed({ statedLagMs: 20 }),
        replay: { known: { isStreaming: false, isPaused: false } },
      }),
      [],
    ],
    [
      'a service without some functions, which states its lag',
      replica(observed({ statedLagMs: 20, wording: { ...PLAIN, replayedLsn: 'null' } })),
      ['probe-rights'],
    ],
    ['a stated lag that is too long', replica({ lag: { known: { ms: 5_000, isCaughtUp: false } } }), ['lag']],
    ['an answer that is missing', replica({ statistics: { unknown: 'why' } }), ['could-not-check']],
  ])('%s', (_what, facts, ids) => {
    expect(idsOf(facts)).toEqual(ids)
  })

  it('keep a duplicate index that a constraint needs, or that is unique', () => {
    const second = { ...index, oid: 2, name: 'b', isUnique: true }
    const third = { ...index, oid: 3, name: 'c', isNeeded: true, isUnique: true }
    const fixes = (...known: (typeof index)[]): readonly string[] =>
      found({ database: { ...database, indexes: { known } } }).map(({ fix }) => fix)
    expect(fixes(index, second)).toEqual(['DROP INDEX CONCURRENTLY a;'])
    expect(fixes(index, second, third)).toEqual(['DROP INDEX CONCURRENTLY a;\nDROP INDEX CONCURRENTLY b;'])
    expect(fixes(third, { ...third, oid: 4, name: 'd' })).toEqual([])
    // An index for a constraint that is not unique does not replace a unique one.
    expect(fixes({ ...third, isUnique: false }, second)).toEqual([])
  })

  it('take what a managed service does not have for less than what it has and does not do', () => {
    const levelOf = (facts: Partial<Facts>): unknown => found(facts)[0]?.severity
    const wording = { ...PLAIN, replayedLsn: 'null' }
    expect(levelOf(replica(observed({ wording })))).toBe('error')
    expect(levelOf(replica(observed({ wording, statedLagMs: 20 })))).toBe('notice')
    expect(levelOf(replica({ statistics: { unknown: 'why' } }))).toBe('warning')
    expect(levelOf(replica({ statistics: { unknown: 'why', isRefused: true } }))).toBe('notice')
  })

  it('tell the worst first', () => {
    const facts = {
      ...replica({ isBalanced: true, pooler: { known: 'session' }, collations: { unknown: 'why' } }),
    }
    expect(idsOf(facts as Partial<Facts>)).toEqual(['several-servers', 'could-not-check', 'pooler'])
  })
})
