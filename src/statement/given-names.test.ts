import { beforeAll, expect, test } from 'vitest'
import { createLibpgQueryParser } from './libpg-query-parser.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

test.each([
  ['CREATE TEMP TABLE "Big Ones" (id int, note text DEFAULT \'x\')', ['Big Ones']],
  ['CREATE TEMP TABLE U&"s\\0065en" AS SELECT a FROM items', ['seen']],
  ['CREATE TEMP TABLE t (id int CONSTRAINT a PRIMARY KEY, x int, CONSTRAINT b UNIQUE (x))', ['t', 'a', 'b']],
  ['CREATE TEMP TABLE t (LIKE items INCLUDING ALL)', ['t']],
  ['CREATE TABLE part PARTITION OF t FOR VALUES IN (1)', ['part']],
  ['CREATE TABLE pg_temp.t (id int)', ['t']],
  ['SELECT 1 INTO TEMP made UNION SELECT 2 FROM items', ['made']],
  ['EXPLAIN ANALYZE CREATE TEMP TABLE made AS SELECT * FROM items', ['made']],
  ['CREATE VIEW v AS SELECT * FROM t', ['v']],
  ['CREATE MATERIALIZED VIEW m AS SELECT * FROM t', ['m']],
  ['CREATE TEMP SEQUENCE s', ['s']],
  ['CREATE TYPE pg_temp.pair AS (a int)', ['pair']],
  ["CREATE TYPE pg_temp.mood AS ENUM ('sad', 'glad')", ['mood']],
  ['CREATE DOMAIN pg_temp.small AS int CHECK (value < 9)', ['small']],
  ['CREATE INDEX by_x ON t (x)', ['by_x']],
  ['CREATE INDEX ON t (x)', []],
  ['ALTER TABLE t RENAME TO u', ['u']],
  ['ALTER TABLE t RENAME COLUMN x TO y', ['y']],
  ['ALTER TABLE t ADD COLUMN y int, ADD CONSTRAINT k UNIQUE USING INDEX by_x', ['k']],
  ['CREATE TEMP TABLE a (x int); ALTER TABLE a RENAME TO b', ['a', 'b']],
  ['INSERT INTO t SELECT * FROM items', []],
  ['DROP TABLE t; COMMIT', []],
  ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 FROM items $$', []],
])('%s gives %j', (sql, expected) => {
  expect(parser.givenNames?.(sql)).toEqual(expected)
})

test.each([
  'CREATE TEMP TABLE child () INHERITS (parent)',
  'ALTER TABLE t INHERIT parent',
  'CREATE TEMP TABLE t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME own))',
  'ALTER TABLE t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME own)',
  'CREATE TYPE pg_temp.span AS RANGE (subtype = int)',
  'CREATE SCHEMA s CREATE TABLE t (id int)',
  'INSERT INTO t VALUES (1); CREATE TYPE pg_temp.span AS RANGE (subtype = int)',
  'DO $$ BEGIN END $$',
  'no sql',
])('%s: what else it may give is not told', (sql) => {
  expect(parser.givenNames?.(sql)).toBeUndefined()
})
