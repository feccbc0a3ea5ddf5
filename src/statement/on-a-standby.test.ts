import { beforeAll, describe, expect, it } from 'vitest'
import { classify } from './classify.ts'
import { opensOnStandby, opensOptimistically, runsOnStandby } from './on-a-standby.ts'
import type { Statement } from './statement.ts'

const opening: readonly (readonly [sql: string, opens: boolean])[] = [
  ['BEGIN READ ONLY', true],
  ['begin transaction isolation level repeatable read, read only', true],
  ['START TRANSACTION READ ONLY, DEFERRABLE', true],
  ['BEGIN', false],
  ['BEGIN READ WRITE', false],
  ['BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY', false],
  ['BEGIN READ ONLY, READ WRITE', false],
  ['BEGIN; SET TRANSACTION READ ONLY', false],
  ['BEGIN READ ONLY; SELECT 1', false],
  ['SET TRANSACTION READ ONLY', false],
  ['SELECT 1', false],
]

const running: readonly (readonly [sql: string, runs: boolean])[] = [
  ['SELECT 1', true],
  ['SELECT 1; SELECT 2', true],
  ['EXPLAIN SELECT 1', true],
  ['COPY (SELECT 1) TO STDOUT', true],
  ['COMMIT', true],
  ['ROLLBACK AND CHAIN', true],
  ['SAVEPOINT s', true],
  ['ROLLBACK TO s', true],
  ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', true],
  ["SET LOCAL work_mem = '1MB'", true],
  ["SELECT set_config('a.b', 'c', true)", true],
  ["SELECT current_setting('a.b')", true],
  ['SELECT current_setting($1)', true],
  ["SELECT set_config('a.b', $1::text, true) AS b, set_config('a.c', '1', true)", true],
  ['SHOW work_mem', true],
  ['DECLARE c CURSOR FOR SELECT 1', true],
  ["DECLARE c CURSOR FOR SELECT current_setting('a.b')", true],
  ['FETCH 1 FROM c', true],
  ['MOVE 1 IN c', true],
  ['CLOSE c', true],

  // Settings of the server, or that depend on more than their text.
  ['SHOW ALL', false],
  ['SHOW in_hot_standby', false],
  ["SELECT current_setting('primary_conninfo')", false],
  ["SELECT set_config('a.b', current_setting('a.c'), true)", false],
  ["SELECT set_config('a.b', 'c' || 'd', true)", false],
  ["SELECT set_config('a.b', label, true) FROM pg_class", false],
  ["SELECT set_config('transaction_read_only', 'off', true)", false],

  // Refused by every server alike.
  ['DELETE FROM pg_class', true],
  ['CREATE TABLE t (i int)', true],
  ['SELECT 1 FROM pg_class FOR SHARE', true],

  ['DELETE FROM pg_class; SELECT pg_advisory_xact_lock(1)', false],
  ['SELECT pg_advisory_xact_lock(1)', false],
  ['SELECT pg_advisory_lock(1)', false],
  ["SELECT set_config('a.b', 'c', true), pg_advisory_xact_lock(1)", false],
  ["COPY (SELECT pg_advisory_lock(1), current_setting('a')) TO STDOUT", false],
  ['DECLARE c CURSOR FOR SELECT pg_advisory_lock(1)', false],
  ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', false],
  ["DECLARE c CURSOR FOR SELECT nextval('s')", false],
  ["SELECT set_config('a.b', 'c', false)", false],
  ['SELECT lastval()', false],
  ["SET work_mem = '1MB'", false],
  ["SET LOCAL work_mem = '1MB'; DISCARD ALL", false],
  ['SHOW work_mem; SHOW work_mem', false],
  ['SET TRANSACTION READ WRITE', false],
  ['SET transaction_read_only = off', false],
  ["SET TRANSACTION SNAPSHOT '00000003-1'", false],
  ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', false],
  ['BEGIN READ WRITE', false],
  ["PREPARE TRANSACTION 'x'", false],
  ['COMMIT; SELECT 1', false],
  ['PREPARE p AS SELECT 1', false],
  ['EXECUTE p', false],
  ['DISCARD ALL', false],
  ['LISTEN c', false],
  ['UNLISTEN c', false],
  ['SET CONSTRAINTS ALL IMMEDIATE', false],
  ['SELECT pg_is_in_recovery()', false],
  ["SELECT nextval('s')", false],
  ['LOCK TABLE t IN ACCESS SHARE MODE', false],
  ['no sql', false],
]

const optimistic: readonly (readonly [sql: string, opens: boolean])[] = [
  ['BEGIN', true],
  ['START TRANSACTION ISOLATION LEVEL REPEATABLE READ', true],
  ['BEGIN DEFERRABLE', true],
  ['BEGIN READ ONLY', false],
  ['BEGIN READ WRITE', false],
  ['BEGIN ISOLATION LEVEL SERIALIZABLE', false],
  ['BEGIN; SELECT 1', false],
  ['SAVEPOINT s', false],
]

/** Statements that run on a standby only in a transaction that says that it only reads. */
const notOptimistic: readonly string[] = [
  'DELETE FROM pg_class',
  'CREATE TABLE t (i int)',
  'SELECT 1 FROM pg_class FOR SHARE',
  'DECLARE c CURSOR FOR SELECT 1',
  'FETCH 1 FROM c',
  'SHOW transaction_read_only',
  "SELECT current_setting('transaction_read_only')",
]

const statements = new Map<string, Statement>()
const statementOf = (sql: string): Statement => {
  const statement = statements.get(sql)
  if (statement === undefined) throw new Error(`Not judged: ${sql}`)
  return statement
}

beforeAll(async () => {
  const cases = [...opening, ...optimistic, ...running].map(([sql]) => sql)
  for (const sql of [...cases, ...notOptimistic]) statements.set(sql, await classify(sql))
})

describe('texts that open a transaction that a standby can run', () => {
  it.each(opening)('%s: %s', (sql, opens) => expect(opensOnStandby(statementOf(sql))).toBe(opens))
})

describe('statements of a transaction on a standby', () => {
  it('looks for settings of the server among the values', () => {
    const sql = 'SELECT current_setting($1)'
    expect(runsOnStandby(statementOf(sql), sql, ['a.b'], true)).toBe(true)
    expect(runsOnStandby(statementOf(sql), sql, ['in_hot_standby'], true)).toBe(false)
  })

  it.each(running)('%s: %s', (sql, runs) => expect(runsOnStandby(statementOf(sql), sql, [], true)).toBe(runs))
})

describe('a transaction that may write, on a standby', () => {
  it.each(optimistic)('%s: %s', (sql, opens) => expect(opensOptimistically(statementOf(sql))).toBe(opens))

  it.each(running.filter(([sql]) => !notOptimistic.includes(sql)))('%s: %s', (sql, runs) =>
    expect(runsOnStandby(statementOf(sql), sql, [], false)).toBe(
      runs && !/CURSOR|FETCH|MOVE|CLOSE/.test(sql),
    ),
  )

  it.each(notOptimistic)('%s: only if it only reads', (sql) => {
    expect(runsOnStandby(statementOf(sql), sql, [], true)).toBe(true)
    expect(runsOnStandby(statementOf(sql), sql, [], false)).toBe(false)
  })
})
