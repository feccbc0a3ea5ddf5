import { beforeAll, describe, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import type {
  Statement,
  StatementKind,
  StatementReason,
  TransactionModes,
} from '../../src/statement/statement.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'

const parser = createNodeSqlParser()
const catalog = textOnlyCatalog(builtinCatalog)
beforeAll(() => parser.load())

function judge(sql: string): Statement {
  return decide(parser.analyze(sql), catalog)
}

describe('reads', () => {
  test.each([
    'SELECT 1',
    'SELECT * FROM users WHERE id = $1',
    'SELECT "t0"."a" AS "t0_a" FROM "public"."Orders" AS "t0" WHERE "t0"."id" IN ($1, $2) ORDER BY "t0"."id" LIMIT $3',
    "SELECT count(*), max(created_at) FROM orders WHERE state = 'open' GROUP BY user_id HAVING count(*) > 3",
    'SELECT a FROM t UNION ALL SELECT b FROM u',
    'WITH x AS (SELECT * FROM t) SELECT * FROM x JOIN y ON x.id = y.id LEFT JOIN z USING (id)',
    'SELECT CASE WHEN a THEN 1 ELSE 2 END, coalesce(b, 0), c::text, d IS NULL, NOT e FROM t',
    'SELECT rank() OVER (PARTITION BY a ORDER BY b) FROM t',
    "SELECT 'DELETE FROM t; --', $$FOR UPDATE$$ FROM t -- FOR UPDATE\n WHERE a LIKE 'b%'",
    '/* a /* nested */ comment */ SELECT 1;',
    'SELECT EXISTS (SELECT 1 FROM t), (SELECT 2), ARRAY[1, 2]',
    'SELECT * FROM generate_series(1, 3) AS g',
    '',
  ])('%j', (sql) => {
    expect(judge(sql).kind).toBe('read')
  })
})

describe('no reads', () => {
  test.each<readonly [sql: string, reason: StatementReason]>([
    [String.raw`SELECT 'a\'; DELETE FROM t; --'`, 'unparseable'],
    [String.raw`SELECT E'a\'b'`, 'unparseable'],
    [String.raw`SELECT U&"d\0061ta"`, 'unparseable'],
    ["SELECT 'open", 'unparseable'],
    ['SELECT 1 /* open', 'unparseable'],
    ['SELECT 龥0', 'unparseable'],
    [`SELECT ${'a'.repeat(64)}`, 'unparseable'],
    ['SELECT 1\0', 'unparseable'],
    ['SELECT FROM FROM', 'unparseable'],
    [`SELECT ${'('.repeat(400)}1${')'.repeat(400)}`, 'too-deep'],
    ['SELECT * FROM t FOR UPDATE', 'unknown-statement'],
    ['SELECT 1 INTO x', 'unknown-statement'],
    ['SELECT * FROM ONLY pg_stat_activity', 'unknown-statement'],
    ['WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x', 'unknown-statement'],
    ['SELECT 1 UNION TABLE pg_locks', 'unknown-statement'],
    ['SELECT a OPERATOR(s.+) b', 'unknown-statement'],
    ["SELECT a AT TIME ZONE 'utc' FROM t", 'unknown-statement'],
    ['EXPLAIN ANALYZE DELETE FROM t', 'unknown-statement'],
    ['COPY t FROM STDIN', 'unknown-statement'],
    ["SELECT nextval('s')", 'function-writes'],
    ["SELECT NextVal('s')", 'function-writes'],
    ['SELECT "nextval"(1)', 'function-writes'],
    ['SELECT app.f(1)', 'catalog-pending'],
    ['SELECT "LOWER"(a) FROM t', 'catalog-pending'],
    ['SELECT * FROM app.f(1)', 'catalog-pending'],
    ['SELECT x::app_type FROM t', 'unparseable'],
    ['SELECT x::int4_app FROM t', 'catalog-pending'],
    ['SELECT a <<<< b FROM t', 'unparseable'],
    ["SELECT é'1'::jsonb @> '2'", 'unparseable'],
    ['SELECT pg_advisory_lock(1)', 'function-session'],
    ['SELECT * FROM pg_stat_activity', 'relation-node-local'],
    ['SELECT * FROM PG_Stat_Activity', 'relation-node-local'],
    ['SELECT * FROM "pg_stat_activity"', 'relation-node-local'],
    ['SELECT * FROM t NATURAL JOIN pg_locks', 'relation-node-local'],
    ['SELECT * FROM (WITH pg_locks AS (SELECT 1) SELECT * FROM pg_locks) x, pg_locks', 'relation-node-local'],
  ])('%j: %s', (sql, reason) => {
    expect(judge(sql)).toMatchObject({ reason, kind: reason === 'function-session' ? 'session' : 'write' })
  })
})

describe('other statements', () => {
  test.each<readonly [sql: string, kind: StatementKind, reason: StatementReason, leaves: boolean]>([
    ['INSERT INTO t (a) VALUES (1)', 'write', 'data-modifying', false],
    ['INSERT INTO t (a) VALUES (pg_advisory_lock(1))', 'write', 'data-modifying', true],
    ['update t set a = 1', 'write', 'data-modifying', false],
    ["update pg_settings set setting = 'x'", 'write', 'data-modifying', true],
    ['CREATE TABLE t ()', 'write', 'ddl', false],
    ['CREATE TABLE t (a int) AS SELECT own(b) FROM x', 'write', 'ddl', true],
    ['CREATE TABLE t AS SELECT lower(b) FROM x', 'write', 'ddl', false],
    ['CREATE MATERIALIZED VIEW t AS (SELECT own(b) FROM x)', 'write', 'ddl', true],
    ['CREATE VIEW t AS SELECT own(b) FROM x', 'write', 'ddl', false],
    ['CREATE TABLE t (a int, b int GENERATED ALWAYS AS (own(a)) STORED)', 'write', 'ddl', false],
    ['CREATE TEMP TABLE t ()', 'write', 'ddl', true],
    ['BEGIN', 'transaction', 'begin', false],
    ['COMMIT', 'transaction', 'commit', false],
    ['ROLLBACK TO s', 'transaction', 'savepoint', false],
    ["PREPARE TRANSACTION 'x'", 'transaction', 'two-phase', false],
    ['SET a = 1', 'session', 'set', true],
    ['SET LOCAL a = 1', 'session', 'set', false],
    ['SET SESSION AUTHORIZATION r', 'session', 'set', true],
    ['SET transaction_read_only = 1', 'transaction', 'set-transaction', false],
    ['SET LOCAL transaction_read_only = 1', 'transaction', 'set-transaction', false],
    ['SET CONSTRAINTS ALL DEFERRED', 'session', 'constraints', false],
    ['SHOW a', 'session', 'show', false],
    ['PREPARE p AS SELECT 1', 'session', 'prepare', true],
    ['DECLARE c CURSOR FOR SELECT 1', 'session', 'cursor', true],
    ['LISTEN c', 'session', 'listen', true],
    ['GO FISH', 'write', 'unknown-statement', true],
    ['SELECT 1; DELETE FROM t', 'write', 'data-modifying', false],
  ])('%s', (sql, kind, reason, leaves) => {
    expect(judge(sql)).toMatchObject({ kind, reason, leavesSessionState: leaves })
  })

  test.each<readonly [sql: string, modes: TransactionModes]>([
    ['BEGIN READ ONLY', { accessMode: 'read only' }],
    [
      'START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE',
      { isolation: 'repeatable read', accessMode: 'read write' },
    ],
    [
      'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, NOT DEFERRABLE',
      { isolation: 'serializable', accessMode: 'read only', deferrable: false },
    ],
  ])('modes of %s', (sql, modes) => {
    expect(parser.analyze(sql).modes).toEqual(modes)
  })
})

test('finds hints', () => {
  expect(parser.analyze('SELECT 1 /* route: primary */').hint).toBe('primary')
})
