import { describe, expect, it } from 'vitest'
import { probeSql } from './probe.ts'
import { progressSql } from './progress.ts'
import { findWording, isRefusal, PLAIN, type Wording } from './wording.ts'

const FUNCTIONS = [
  'pg_is_in_recovery',
  'pg_stat_get_wal_receiver',
  'pg_control_system',
  'pg_postmaster_start_time',
  'pg_current_wal_flush_lsn',
  'pg_current_wal_lsn',
  'pg_current_wal_insert_lsn',
  'pg_walfile_name',
  'pg_last_wal_replay_lsn',
  'pg_last_wal_receive_lsn',
  'pg_control_checkpoint',
  'pg_control_recovery',
] as const
const ELSEWHERE = ['aurora_replica_status', 'aurora_db_instance_identifier']

function calls(sql: string, name: string): boolean {
  return sql.includes(`${name}(`)
}

async function wordingOf(refused: readonly string[]): Promise<Wording> {
  return findWording(async (sql) => !refused.some((name) => calls(sql, name)))
}

describe('findWording', () => {
  it('asks a server that refuses nothing of its own as plainly as before', async () => {
    expect(await wordingOf(ELSEWHERE)).toEqual(PLAIN)
  })

  it('finds for each set of refused functions questions without them, and keeps the others', async () => {
    for (let set = 0; set < 2 ** FUNCTIONS.length; set += 1) {
      const refused = FUNCTIONS.filter((_name, index) => (set >> index) % 2 === 1)
      const wording = await wordingOf([...refused, ...ELSEWHERE])
      for (const isUnflushed of [false, true]) {
        const texts = [probeSql(wording, isUnflushed), progressSql(wording, isUnflushed)]
        for (const text of texts) expect(refused.filter((name) => calls(text, name))).toEqual([])
      }
      const text = probeSql(wording, true)
      // The name of a WAL file is that of a position.
      const isWithout = (name: string): boolean =>
        refused.includes('pg_current_wal_lsn') && name === 'pg_walfile_name'
      const isStandIn = (name: string): boolean => name === 'pg_current_wal_lsn'
      const kept = FUNCTIONS.filter((name) => !refused.includes(name) && !isWithout(name) && !isStandIn(name))
      const isUncovered = refused.includes('pg_current_wal_insert_lsn')
      const expected = kept.filter((name) => !(isUncovered && name === 'pg_current_wal_flush_lsn'))
      expect(expected.filter((name) => !calls(text, name))).toEqual([])
    }
  })

  it.each([
    [[], 'pg_catalog.pg_current_wal_flush_lsn()'],
    [['pg_current_wal_flush_lsn'], 'pg_catalog.pg_current_wal_lsn()'],
    [['pg_current_wal_flush_lsn', 'pg_current_wal_lsn'], 'pg_catalog.pg_current_wal_insert_lsn()'],
    [
      ['pg_current_wal_flush_lsn', 'pg_current_wal_lsn', 'pg_current_wal_insert_lsn'],
      'null::pg_catalog.pg_lsn',
    ],
  ])('without %j the position of a primary is %s', async (refused, expected) => {
    expect((await wordingOf(refused)).flushedLsn).toBe(expected)
  })

  it('takes no position for commits that are not flushed without the one that covers them', async () => {
    const wording = await wordingOf(['pg_current_wal_insert_lsn'])
    expect(probeSql(wording, true)).not.toContain('pg_current_wal_flush_lsn')
    expect(progressSql(wording, true)).not.toContain('pg_current_wal_flush_lsn')
    expect(probeSql(wording, false)).toContain('pg_current_wal_flush_lsn')
  })

  it('asks for the status of replicas where there is one', async () => {
    const wording = await wordingOf(['pg_last_wal_receive_lsn'])
    expect(ELSEWHERE.filter((name) => !calls(probeSql(wording, false), name))).toEqual([])
    expect(
      probeSql(await wordingOf(['pg_last_wal_receive_lsn', 'aurora_db_instance_identifier']), false),
    ).toContain('aurora_replica_status')
  })
})

describe('isRefusal', () => {
  const failed = (code: string, severity = 'ERROR'): Error =>
    Object.assign(new Error(code), { code, severity })

  it.each(['0A000', '42501', '42883', '42P01', '55000', 'P0001'])('%s is one', (code) => {
    expect(isRefusal(failed(code))).toBe(true)
  })

  it.each([
    ['a timeout', failed('57014')],
    ['a lock timeout', failed('55P03')],
    ['a full server', failed('53300')],
    ['a login that is refused', failed('42501', 'FATAL')],
    ['an error of the network', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['no error', undefined],
  ])('%s is none', (_name, error) => {
    expect(isRefusal(error)).toBe(false)
  })
})
