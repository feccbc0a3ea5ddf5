import { expect, test } from 'vitest'
import { mayRunUnparsed } from './unparsed.ts'

test.each([
  'SELECT 1',
  '  select * from t where a = $1;\n',
  'VALUES (1)',
  'TABLE t',
  'WITH a AS (SELECT 1) SELECT * FROM a',
  'INSERT INTO t VALUES (1)',
  'update t set a = 1',
  'DELETE FROM t',
])('%j may run before it has been parsed', (sql) => {
  expect(mayRunUnparsed(sql)).toBe(true)
})

test.each([
  '',
  'BEGIN',
  'COMMIT',
  'SET a.b = 1',
  'RESET ALL',
  'LISTEN a',
  'PREPARE a AS SELECT 1',
  'EXECUTE a',
  'DECLARE a CURSOR FOR SELECT 1',
  'CREATE TABLE t (a int)',
  'DO $$ begin end $$',
  'CALL p()',
  'COPY t TO STDOUT',
  'EXPLAIN ANALYZE DELETE FROM t',
  'SELECT * INTO t FROM u',
  'WITH a AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM a',
  'SELECT 1; SET a.b = 1',
  'SELECT 1;;',
  "SELECT ';'",
  "SELECT set_config('a.b', '1', false)",
  'SELECT pg_advisory_lock(1)',
  'SELECT * FROM t FOR UPDATE',
  'SELECT * FROM pg_temp.t',
  '/* route: replica */ SELECT 1',
  'SELECT /* route: replica */ 1',
  'SELECT 1 /* route: primary */',
  'selection 1',
])('%j has to be parsed first', (sql) => {
  expect(mayRunUnparsed(sql)).toBe(false)
})
