import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { createJudge } from './caching-judge.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { nameReader } from './names.ts'

const parser = createLibpgQueryParser()
const judge = createJudge({ parser, catalog: () => builtinCatalog, cacheBytes: 1_000, maxSqlBytes: 1_000 })
const reader = nameReader(judge, parser)
beforeAll(() => parser.load())

test('names are those that the grammar tells', () => {
  expect(reader.givenBy('CREATE TEMP TABLE t AS SELECT a FROM items')).toEqual(['t'])
  expect(reader.givenBy('ALTER SEQUENCE s OWNED BY t.id')).toEqual(expect.arrayContaining(['s', 't', 'id']))
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
