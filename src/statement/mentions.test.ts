import { describe, expect, it } from 'vitest'
import { mentionsIn, type Mention } from './mentions.ts'

describe('mentionsIn', () => {
  it.each<[string, readonly Mention[] | undefined]>([
    ['select 1', undefined],
    ['update items set locked = true', undefined],
    ['select pg_backend_pid ()', ['backend']],
    ['SELECT PG_BACKEND_PID()', ['backend']],
    ['select backend_pid from pids', undefined],
    ['select pg_advisory_lock(1)', ['lock']],
    ['do $$ begin lock table items; end $$', ['lock']],
    ['select * from items FOR  NO KEY UPDATE', ['lock']],
    ['listen jobs', ['lock']],
    ['set synchronous_commit to off', ['synchronous-commit']],
    ["alter role app set Synchronous_Commit = 'off'", ['synchronous-commit']],
    ['select set_config($1, $2, false)', ['set-config', 'synchronous-commit']],
    ["select set_config('app.tenant', $1, false)", ['set-config']],
    ['set search_path to pg_temp, public', ['temporary-schema']],
  ])('%s', (sql, expected) => {
    expect(mentionsIn(sql)).toEqual(expected)
  })
})
