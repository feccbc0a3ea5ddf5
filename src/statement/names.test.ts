import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { createJudge } from './caching-judge.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { nameReader } from './names.ts'
import { createNodeSqlParser } from './node-sql-parser-parser.ts'

const parsers = [createLibpgQueryParser(), createNodeSqlParser()] as const
const readers = parsers.map((parser) =>
  nameReader(
    createJudge({ parser, catalog: () => builtinCatalog, cacheBytes: 1_000, maxSqlBytes: 1_000 }),
    parser,
  ),
)
beforeAll(() => Promise.all(parsers.map((parser) => parser.load())))

test('where the grammar tells no names every word is one', () => {
  const [full, partial] = readers
  const sql = 'CREATE TEMP TABLE t AS SELECT a FROM items'
  expect(full?.givenBy(sql)).toEqual(['t'])
  expect(partial?.givenBy(sql)).toEqual(expect.arrayContaining(['t', 'a', 'items']))
  const other = 'ALTER SEQUENCE s OWNED BY t.id'
  expect(full?.givenBy(other)).toEqual(expect.arrayContaining(['s', 't', 'id']))
})

test('names are folded, as those are that they are compared with', () => {
  for (const reader of readers) expect(reader.givenBy('CREATE TEMP TABLE "ÉTÉ" ()')).toContain('été')
})

test.each([
  'CREATE TEMP TABLE child () INHERITS (parent)',
  'ALTER TABLE t INHERIT parent',
  'IMPORT FOREIGN SCHEMA other FROM SERVER far INTO pg_temp',
])('%s: other words may mean it', (sql) => {
  for (const reader of readers) expect(reader.givenBy(sql)).toBeUndefined()
})
