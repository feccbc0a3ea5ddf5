import { beforeAll, describe, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Footprint } from '../catalog/footprint.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { textOnlyCatalog } from './text-only-catalog.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

const ALL = 'everything'
const known = textOnlyCatalog(builtinCatalog)

function footprint(sql: string): Footprint {
  return decide(parser.analyze(sql), known).footprint
}

/** Words, parted by spaces; `*` stands for everything. */
function set(words: string): Footprint['changes'] {
  return words === '*' ? ALL : words.split(' ').filter((word) => word !== '')
}

type Row = readonly [sql: string, changes: string, shows: string]

const statements: readonly Row[] = [
  // Reads
  ['', '', ''],
  ['SELECT 1', '', ''],
  ['SELECT a FROM t', '', 't'],
  ['TABLE t', '', 't'],
  ['SELECT a FROM t, s.u', '', 's.u t'],
  ['SELECT a FROM "T", "s.x"."u""v"', '', '"T" "s.x"."u""v"'],
  ['SELECT a FROM db.s.t', '', 's.t'],
  ['SELECT a FROM ONLY t', '', 't'],
  ['SELECT a FROM t JOIN u USING (id) LEFT JOIN v ON v.a = u.a', '', 't u v'],
  ['SELECT (SELECT max(a) FROM u) FROM t WHERE a IN (SELECT a FROM v)', '', 't u v'],
  ['SELECT a FROM t WHERE EXISTS (SELECT FROM u WHERE u.a = t.a)', '', 't u'],
  ['SELECT a FROM t UNION SELECT a FROM u EXCEPT SELECT a FROM v', '', 't u v'],
  ['SELECT a FROM t, LATERAL (SELECT a FROM u WHERE u.a = t.a) x', '', 't u'],
  ['SELECT count(*) FILTER (WHERE a IN (SELECT a FROM u)) FROM t', '', 't u'],
  ['SELECT a FROM t ORDER BY (SELECT b FROM u WHERE u.a = t.a)', '', 't u'],
  ['SELECT a FROM t LIMIT (SELECT n FROM u)', '', 't u'],
  ['SELECT sum(a) OVER (ORDER BY (SELECT b FROM u)) FROM t', '', 't u'],
  ['SELECT CASE WHEN (SELECT true FROM u) THEN 1 END FROM t', '', 't u'],
  ['SELECT ARRAY(SELECT a FROM t)', '', 't'],
  ['VALUES ((SELECT a FROM t))', '', 't'],
  ['SELECT a FROM t TABLESAMPLE system (10)', '', 't'],
  ['SELECT jsonb_agg(a) FROM generate_series(1, 3) a, t', '', 't'],
  ['SELECT x.* FROM JSON_TABLE((SELECT j FROM t), $$$[*]$$ COLUMNS (a int)) x', '', 't'],
  // Names that a WITH clause gives
  ['WITH t AS (SELECT a FROM u) SELECT a FROM t', '', 'u'],
  ['WITH t AS (SELECT a FROM u) SELECT a FROM s.t', '', 's.t u'],
  ['WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b', '', 'b'],
  ['WITH RECURSIVE a AS (SELECT 1 UNION SELECT * FROM a) SELECT * FROM a, u', '', 'u'],
  ['SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x, t', '', 't'],
  // Relations that are changed, and relations that the change shows
  ['INSERT INTO t VALUES (1)', 't', 't'],
  ['INSERT INTO t DEFAULT VALUES RETURNING (SELECT a FROM u)', 't', 't u'],
  ['INSERT INTO t SELECT a FROM u', 't', 't u'],
  ['INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = (SELECT a FROM u)', 't', 't u'],
  ['INSERT INTO t VALUES (1) ON CONFLICT (id) WHERE a > 0 DO NOTHING', 't', 't'],
  ['UPDATE t SET a = u.a FROM u WHERE t.id = u.id', 't', 't u'],
  ['UPDATE t SET (a, b) = (SELECT a, b FROM u)', 't', 't u'],
  ['UPDATE t SET a = 1 WHERE id = (SELECT id FROM u) RETURNING (SELECT 1 FROM v)', 't', 't u v'],
  ['DELETE FROM t USING u WHERE t.id = u.id', 't', 't u'],
  ['MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE', 't', 't u'],
  ['MERGE INTO t USING u ON true WHEN NOT MATCHED THEN INSERT VALUES ((SELECT a FROM v))', 't', 't u v'],
  ['TRUNCATE t, s.u', 's.u t', 's.u t'],
  ['TRUNCATE ONLY t RESTART IDENTITY CASCADE', 't', 't'],
  ['REFRESH MATERIALIZED VIEW CONCURRENTLY m', 'm', 'm'],
  ['COPY t FROM STDIN', 't', 't'],
  ['COPY t FROM STDIN WHERE a > pg_backend_pid()', 't', '*'],
  ['COPY t TO STDOUT', '', 't'],
  ['COPY (SELECT a FROM t JOIN u USING (id)) TO STDOUT', '', 't u'],
  ['COPY (DELETE FROM t RETURNING a) TO STDOUT', 't', 't'],
  ['SELECT a FROM t FOR UPDATE', '', 't'],
  // Changes inside of WITH
  ['WITH d AS (DELETE FROM t RETURNING a) SELECT a FROM d, u', 't', 't u'],
  ['WITH d AS (UPDATE t SET a = 1) INSERT INTO u SELECT a FROM v', 't u', 't u v'],
  ['WITH t AS (SELECT 1) INSERT INTO t SELECT * FROM t', 't', 't'],
  ['WITH t AS (SELECT 1), d AS (INSERT INTO t VALUES (1)) SELECT 1', 't', 't'],
  ['WITH d AS (MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING *) TABLE d', 't', 't u'],
  // Sequences
  ["SELECT nextval('s')", 's', 's'],
  [`SELECT nextval('app."S"'::regclass)`, 'app."S"', 'app."S"'],
  ["SELECT setval('s', (SELECT max(id) FROM t))", 's', 's t'],
  ["INSERT INTO t VALUES (nextval('s'))", 's t', 's t'],
  ['SELECT nextval($1)', '*', '*'],
  ["SELECT nextval('a' || 'b')", '*', '*'],
  ["SELECT nextval('a.b.c')", '*', '*'],
  // Functions of the system
  ["SELECT lower('A'), now(), random(), current_user, to_char(now(), 'YYYY')", '', ''],
  ["SELECT CAST('1' AS int), int4('1'), '2020-01-01'::date", '', ''],
  ["SELECT array_in('{1}', 1, -1), record_in('(1)', 1, -1)", '', '*'],
  ['SELECT lo_get(1)', '', 'pg_catalog.pg_largeobject'],
  ["SELECT lo_put(1, 0, '')", 'pg_catalog.pg_largeobject', 'pg_catalog.pg_largeobject'],
  ["SELECT pg_relation_size('t')", '', '*'],
  ["SELECT has_table_privilege('t', 'select')", '', '*'],
  ["SELECT obj_description('t'::regclass)", '', '*'],
  ["SELECT pg_get_viewdef('v')", '', '*'],
  ["SELECT table_to_xml('t', true, true, '')", '*', '*'],
  ["SELECT query_to_xml('SELECT 1', true, true, '')", '*', '*'],
  ["SELECT ts_stat('SELECT a FROM t')", '*', '*'],
  ["SELECT currval('s')", '', '*'],
  ['SELECT pg_advisory_lock(1)', '', '*'],
  ["SELECT pg_notify('a', 'b')", '*', '*'],
  ['SELECT pg_current_wal_lsn()', '*', '*'],
  ['SELECT pg_stat_get_numscans(1)', '', '*'],
  ['SELECT brin_summarize_new_values(1)', '*', '*'],
  // Names that are not known
  ['SELECT f(1)', '*', '*'],
  ['SELECT app.lower(a) FROM t', '*', '*'],
  ['SELECT a === b FROM t', '*', '*'],
  ['SELECT a OPERATOR(app.=) b FROM t', '*', '*'],
  ['SELECT a::mood FROM t', '*', '*'],
  ['SELECT x FROM f(1) AS x (a mood)', '*', '*'],
  // Relations of the system and of the connection
  ['SELECT relname FROM pg_class', '', '*'],
  ['SELECT 1 FROM pg_catalog.anything', '', '*'],
  ['SELECT table_name FROM information_schema.tables, t', '', '*'],
  ['UPDATE pg_settings SET setting = 1', '*', '*'],
  ['SELECT a FROM pg_temp.t', '', '*'],
  // Transactions and settings
  ['BEGIN', '', ''],
  ['COMMIT', '', ''],
  ['ROLLBACK TO a', '', ''],
  ["PREPARE TRANSACTION 'a'", '*', '*'],
  ["COMMIT PREPARED 'a'", '*', '*'],
  ['SET search_path = app', '', ''],
  ['SHOW search_path', '', ''],
  ['SET standard_conforming_strings = off', '', '*'],
  ['PREPARE p AS DELETE FROM t', '', ''],
  ['DEALLOCATE p', '', ''],
  // Other statements
  ['EXECUTE p', '*', '*'],
  ['EXPLAIN SELECT a FROM t', '', '*'],
  ['EXPLAIN ANALYZE DELETE FROM t', '*', '*'],
  ['DECLARE c CURSOR FOR SELECT a FROM t', '', '*'],
  ['FETCH c', '*', '*'],
  ['UPDATE t SET a = 1 WHERE CURRENT OF c', '*', '*'],
  ['CALL p()', '*', '*'],
  ["DO 'BEGIN END'", '*', '*'],
  ['CREATE TABLE u AS SELECT a FROM t', '*', '*'],
  ['SELECT a INTO u FROM t', '*', '*'],
  ['WITH d AS (DELETE FROM t RETURNING a) SELECT a INTO u FROM d', '*', '*'],
  ['ALTER TABLE t ADD a int', '*', '*'],
  ['CREATE INDEX ON t (a)', '*', '*'],
  ['VACUUM t', '*', '*'],
  ['LOCK TABLE t', '*', '*'],
  ['NOTIFY a', '*', '*'],
  ['LISTEN a', '', '*'],
  ['SET CONSTRAINTS ALL IMMEDIATE', '*', '*'],
  ["COPY t FROM '/tmp/t'", '*', '*'],
  ["COPY t TO PROGRAM 'cat'", '*', '*'],
  ['SELEC 1', '*', '*'],
  // Several statements
  ['BEGIN; INSERT INTO t VALUES (1); SELECT a FROM u; COMMIT', 't', 't u'],
  ["DELETE FROM t; DO 'BEGIN END'", '*', '*'],
]

describe('by the text alone, where relations are ordinary tables', () => {
  test.each(statements)('%s', (sql, changes, shows) => {
    expect(footprint(sql)).toEqual({ changes: set(changes), shows: set(shows) })
  })
})

test('more than 32 relations are everything, unless they are fewer names in many schemas', () => {
  const tables = (count: number, name: (index: number) => string): string =>
    `SELECT 1 FROM ${Array.from({ length: count }, (_, index) => name(index)).join(', ')}`
  expect(footprint(tables(32, (index) => `t${index}`)).shows).toHaveLength(32)
  expect(footprint(tables(33, (index) => `t${index}`)).shows).toBe(ALL)
  expect(footprint(tables(40, (index) => `s${index}.t${index % 2}`)).shows).toEqual(['t0', 't1'])
})

test('a footprint is frozen', () => {
  const { changes, shows } = footprint('INSERT INTO t SELECT a FROM u')
  expect([footprint('SELECT a FROM t'), changes, shows].every(Object.isFrozen)).toBe(true)
})

test.each([
  ['no catalog of the database is known', 'SELECT a FROM t', builtinCatalog],
  ['literals may hold escapes', 'SELECT a FROM t', { ...known, standardConformingStrings: false }],
])('where %s, it is everything', (_, sql, catalog) => {
  expect(decide(parser.analyze(sql), catalog).footprint.shows).toBe(ALL)
})
