import { describe, expect, it } from 'vitest'
import { readProbe, type ProbeRow } from './probe.ts'
import { PLAIN, type Wording } from './wording.ts'

const times = { sentAtMs: 10, receivedAtMs: 12 }
const read = (row: ProbeRow | undefined, wording?: Wording): ReturnType<typeof readProbe> =>
  readProbe(row, 10, 12, wording)

describe('readProbe', () => {
  it('a primary, with its position', () => {
    expect(read(['primary', '7000', '1700000000.5:5432', 'flushed', '0/1000'])).toEqual({
      role: 'primary',
      systemIdentifier: '7000',
      serverIdentity: '7000:1700000000.5:5432',
      lsn: 0x1000n,
      ...times,
    })
  })

  it.each([
    ['a flush position is taken as it is', 'flushed', '0/5384018', 0x5384018n],
    ['a replay position too', 'replayed', '0/5384018', 0x5384018n],
    ['an insert position is rounded to what replicas can reach', 'inserted', '0/5384018', 0x5384000n],
  ])('%s', (_name, position, lsn, expected) => {
    expect(read(['primary', '7000', 's', position, lsn]).lsn).toBe(expected)
  })

  it.each([
    ['no position', null],
    ['an empty one', ''],
    ['something else', 'none'],
  ])('%s is unknown, and not position 0', (_name, lsn) => {
    expect(read(['replica', '7000', 's', 'replayed', lsn])).not.toHaveProperty('lsn')
  })

  it.each<[string, ProbeRow, number | undefined]>([
    [
      'a primary’s, out of the name of a WAL file',
      ['primary', '7000', 's', 'flushed', '0/1', '0000001F'],
      31,
    ],
    ['a replica’s', ['replica', '7000', 's', 'replayed', '0/1', '31'], 31],
    [
      'one that the server cannot tell is unknown',
      ['replica', '7000', 's', 'replayed', '0/1', null],
      undefined,
    ],
  ])('timeline: %s', (_name, row, timeline) => {
    expect(read(row).timeline).toBe(timeline)
  })

  it.each<[string, ProbeRow, object]>([
    [
      'a primary that takes writes',
      ['primary', '7000', 's', 'flushed', '0/1', '00000001', null, 'off'],
      { isReadOnly: false },
    ],
    [
      'a primary whose commits wait for standbys',
      ['primary', '7000', 's', 'flushed', '0/1', '00000001', null, 'off waits'],
      { isReadOnly: false, commitsWait: true },
    ],
    [
      'what a pooler has logged in to',
      ['primary', '7000', 's', 'flushed', '0/1', '00000001', null, 'off', 'shop app', '4711'],
      { login: 'shop app' },
    ],
    [
      'a read-only one',
      ['primary', '7000', 's', 'flushed', '0/1', '00000001', null, 'on'],
      { isReadOnly: true },
    ],
    [
      'what a replica received',
      ['replica', '7000', 's', 'replayed', '0/1', '1', '0/3000', null],
      { receivedLsn: 0x3000n },
    ],
  ])('%s', (_name, row, expected) => {
    expect(read(row)).toMatchObject(expected)
    expect('isReadOnly' in read(row)).toBe(row[0] === 'primary')
    expect('receivedLsn' in read(row)).toBe(row[0] === 'replica')
  })

  it('a replica that never received anything does not say 0', () => {
    expect(read(['replica', '7000', 's', 'replayed', '0/1', '1', null, null])).not.toHaveProperty(
      'receivedLsn',
    )
  })

  it('tells servers of different clusters apart that started together', () => {
    const [a, b] = ['7000', '9999'].map((system) => read(['replica', system, 's', 'replayed', null]))
    expect(a?.serverIdentity).not.toBe(b?.serverIdentity)
  })

  describe('of a server that does not tell everything', () => {
    const status = JSON.stringify([{ server_id: 'a', session_id: 'e7a9', replica_lag_in_msec: 20 }])
    const row = (server: string, ...more: readonly (string | null)[]): ProbeRow => [
      'replica',
      '0',
      server,
      'replayed',
      '0/1000',
      '1',
      '0/1000',
      null,
      'shop app',
      '4711',
      ...more,
    ]

    it('takes the lag that it states in place of its position', () => {
      const observation = read(row('s', null, status, 'a'), { ...PLAIN, replicaStatus: '(select status)' })
      expect(observation).toMatchObject({ statedLagMs: 20, timeline: 1 })
      expect(observation).not.toHaveProperty('lsn')
      expect(observation).not.toHaveProperty('receivedLsn')
    })

    it('proves nothing by it where a restart would not be noticed', () => {
      for (const observation of [
        read(row('at 10.0.0.1:5432', null, status, 'a')),
        read(row('at 10.0.0.1:5432')),
      ]) {
        expect(observation).toMatchObject({ role: 'replica', timeline: 1 })
        for (const name of ['lsn', 'receivedLsn', 'statedLagMs']) expect(observation).not.toHaveProperty(name)
      }
    })

    it('is judged by no position where it can state a lag, even while it states none', () => {
      const asked = { ...PLAIN, replicaStatus: '(select status)' }
      const named = { ...PLAIN, instance: 'instance()' }
      for (const wording of [asked, named]) {
        const observation = read(row('s', null, null, null), wording)
        for (const name of ['lsn', 'receivedLsn', 'statedLagMs']) expect(observation).not.toHaveProperty(name)
      }
      expect(read(row('s', null, null, null))).toMatchObject({ lsn: 0x1000n, receivedLsn: 0x1000n })
    })
  })

  it.each<[string, ProbeRow | undefined]>([
    ['no row', undefined],
    ['an empty row', []],
    ['a row of another query', ['1']],
    ['an unknown role', ['standby', '7000', 's', 'replayed', '0/1']],
    ['no system identifier', ['primary', null, 's', 'flushed', '0/1']],
    ['an empty system identifier', ['primary', '', 's', 'flushed', '0/1']],
    ['no server', ['primary', '7000', null, 'flushed', '0/1']],
  ])('%s is no answer', (_name, row) => {
    expect(() => read(row)).toThrow('no usable answer')
  })
})
