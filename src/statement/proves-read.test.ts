import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { provesRead } from './proves-read.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

const texts: readonly (readonly [sql: string, proven: boolean])[] = [
  ['SELECT 1', true],
  ['SELECT $1 + x; VALUES (2);', true],
  ['SELECT x.y FROM (SELECT $1) x (y)', true],
  ['', false],
  ['-- nothing', false],
  ['EXPLAIN SELECT 1', false],
  ['COPY (SELECT 1) TO STDOUT', false],
  ['SELECT 1; DELETE FROM t', false],
  ["SELECT nextval('s')", false],
  ["SELECT set_config('a.b', 'c', true)", false],
  ['SELECT f(1)', false],
  ['SELECT 1 FROM pg_class FOR SHARE', false],
  ['BEGIN', false],
  ['/* route: replica */ DELETE FROM t', false],
  ['SELEC 1', false],
]

test.each(texts)('%j: %s', (sql, proven) => {
  expect(provesRead(parser, sql, builtinCatalog)).toBe(proven)
})
