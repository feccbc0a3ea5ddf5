import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { createJudge } from '../../src/statement/caching-judge.ts'
import { decide } from '../../src/statement/decide.ts'
import { nameReader } from '../../src/statement/names.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'
import { expectSameWhenCondensed } from '../support/condensed-texts.ts'

const parser = createNodeSqlParser()
beforeAll(() => parser.load())

const judge = createJudge({ parser, catalog: () => builtinCatalog, cacheBytes: 1_000, maxSqlBytes: 1_000 })
const reader = nameReader(judge, parser)

test('where the grammar tells no names every word is one', () => {
  const sql = 'CREATE TEMP TABLE t AS SELECT a FROM items'
  expect(reader.givenBy(sql)).toEqual(expect.arrayContaining(['t', 'a', 'items']))
})

test('names are folded, as those are that they are compared with', () => {
  expect(reader.givenBy('CREATE TEMP TABLE "ÉTÉ" ()')).toContain('été')
})

test.each([
  'CREATE TEMP TABLE child () INHERITS (parent)',
  'ALTER TABLE t INHERIT parent',
  'IMPORT FOREIGN SCHEMA other FROM SERVER far INTO pg_temp',
])('%s: other words may mean it', (sql) => {
  expect(reader.givenBy(sql)).toBeUndefined()
})

test('a condensed text is judged as the whole one is', () => expectSameWhenCondensed(parser))

test('no candidates for keys are found', () => {
  expect(parser.analyze('SELECT * FROM t WHERE id = $1').keys).toBeUndefined()
})

test.each(['SELECT a FROM t', 'INSERT INTO t VALUES (1)', 'SELECT 1'])(
  'the footprint of %s is everything',
  (sql) => {
    const { footprint } = decide(parser.analyze(sql), textOnlyCatalog(builtinCatalog))
    expect(footprint.shows).toBe('everything')
  },
)
