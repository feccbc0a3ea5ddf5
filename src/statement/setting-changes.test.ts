import { beforeAll, describe, expect, it } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import type { SessionState } from './session-state.ts'
import type { SettingChange } from './setting-change.ts'
import type { Statement } from './statement.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

const judge = (sql: string): Statement => decide(parser.analyze(sql), builtinCatalog)

const set = (name: string, sql: string): SettingChange => ({ change: 'set', name, sql })
const call = (
  name: string | number,
  value: string | number | null,
  isLocal: string | number,
): SettingChange => {
  const argument = (given: string | number | null): { text: string | null } | { parameter: number } =>
    typeof given === 'number' ? { parameter: given } : { text: given }
  return { change: 'call', name: argument(name), value: argument(value), isLocal: argument(isLocal) }
}

describe('effects of a text on settings', () => {
  const cases: readonly (readonly [sql: string, changes: readonly SettingChange[]])[] = [
    ['set work_mem = 64', [set('work_mem', `SET "work_mem" TO 64`)]],
    ["SET SESSION Work_Mem TO '64MB'", [set('work_mem', `SET "work_mem" TO E'64MB'`)]],
    ['set search_path to a, "B c"', [set('search_path', `SET "search_path" TO E'a', E'B c'`)]],
    ["set schema 'it''s'", [set('search_path', `SET "search_path" TO E'it''s'`)]],
    ['set a.b = on', [set('a.b', `SET "a"."b" TO E'on'`)]],
    [String.raw`set a.b = E'x\\y'`, [set('a.b', String.raw`SET "a"."b" TO E'x\\y'`)]],
    ["set names 'utf8'", [set('client_encoding', `SET "client_encoding" TO E'utf8'`)]],
    ['set time zone -7', [set('timezone', 'SET "timezone" TO -7')]],
    ["set time zone interval '+00:00' hour to minute", [{ change: 'computed', name: 'timezone' }]],
    ["set datestyle = 'DMY'", [{ change: 'computed', name: 'datestyle' }]],
    ['set x from current', [{ change: 'computed', name: 'x' }]],
    ['set time zone local', [{ change: 'reset', name: 'timezone' }]],
    ['reset A.b', [{ change: 'reset', name: 'a.b' }]],
    ['set x to default', [{ change: 'reset', name: 'x' }]],
    ['reset all', [{ change: 'reset-all' }]],
    ['discard all', [{ change: 'discard-all' }]],
    ['set role x', [set('role', `SET "role" TO E'x'`)]],
    ['reset session authorization', [{ change: 'reset', name: 'session_authorization' }]],
    [
      'set session characteristics as transaction isolation level serializable, read only',
      [
        set('default_transaction_isolation', `SET "default_transaction_isolation" TO E'serializable'`),
        set('default_transaction_read_only', `SET "default_transaction_read_only" TO E'1'`),
      ],
    ],
    ["set a.x = 'é'; set a.y = 2;", [set('a.x', `SET "a"."x" TO E'é'`), set('a.y', 'SET "a"."y" TO 2')]],
    ['set search_path to x; select 1', [set('search_path', `SET "search_path" TO E'x'`)]],
    ["select set_config('a.b', $1, false)", [call('a.b', 1, 'false')]],
    ['select set_config($1, $2::text, $3)', [call(1, 2, 3)]],
    ["select set_config('a.b', null, 'f')", [call('a.b', null, 'f')]],
    [
      "select pg_catalog.set_config('a.b', '1', false), set_config('a.c', '2', true)",
      [call('a.b', '1', 'false')],
    ],
  ]
  it.each(cases)('%s', (sql, changes) => {
    const statement = judge(sql)
    expect(statement.settings).toEqual(changes)
    expect(statement.leaves ?? ['setting']).toEqual(['setting'])
    expect(statement.kind).not.toBe('read')
  })
})

describe('nothing that stays is set', () => {
  it.each([
    'set local x = 1',
    "select set_config('a.b', $1, true)",
    'set transaction isolation level serializable',
    "set transaction_read_only = 'on'",
    'explain select set_config($1, $2, false)',
    'select 1',
    'discard temp',
  ])('%s', (sql) => {
    expect(judge(sql)).not.toHaveProperty('settings')
    expect(judge(sql)).not.toHaveProperty('leaves')
  })
})

describe('state that is left where the settings are unknown', () => {
  it.each<readonly [string, readonly SessionState[]]>([
    ['select set_config(name, setting, false) from t', ['unknown']],
    ["select set_config('a.b', $1 || 'x', false)", ['unknown']],
    ["select set_config('a.b', $1, false) where $2", ['unknown']],
    ["select set_config('a.b', '1', false), coalesce(set_config('a.c', '2', false))", ['unknown']],
    ["set a.b = 1; select set_config(name, '', false) from t", ['setting', 'unknown']],
    ["select set_config('a.b', '1', false) union select set_config('a.b', '2', false)", ['unknown']],
  ])('%s', (sql, leaves) => {
    expect(judge(sql)).not.toHaveProperty('settings')
    expect((judge(sql).leaves ?? []).toSorted()).toEqual(leaves)
  })
})

describe('other state that is left', () => {
  it.each<readonly [string, readonly SessionState[]]>([
    ['create temp table t (a int)', ['temporary-object']],
    ['select 1 into temp t', ['temporary-object']],
    ['prepare p as select 1', ['prepared-statement']],
    ['declare c cursor with hold for select 1', ['cursor']],
    ['listen l', ['listen']],
    ["load 'x'", ['library']],
    ['select pg_advisory_lock(1)', ['advisory-lock']],
    ['select pg_advisory_lock(1), nextval($1)', ['advisory-lock']],
    ['select setseed(0)', ['random-seed']],
    ['call p()', ['unknown']],
    ['select f()', ['unknown']],
    [
      'set a.b = 1; select pg_advisory_lock(1); create temp table t (a int)',
      ['setting', 'temporary-object', 'advisory-lock'],
    ],
  ])('%s', (sql, leaves) => {
    expect(judge(sql).leaves).toEqual(leaves)
    expect(judge(sql).leavesSessionState).toBe(true)
  })
})
