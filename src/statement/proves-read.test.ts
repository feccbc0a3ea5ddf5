import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { EnginePool } from './engine-pool.ts'
import { createLibpgQueryParser, LibpgQueryParser } from './libpg-query-parser.ts'
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

test.each(texts)('%j: %s', (text, proven) => {
  expect(provesRead(parser, { language: 'sql', text }, builtinCatalog)).toBe(proven)
})

const head = 'CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE plpgsql'
const blocks: readonly (readonly [body: string, proven: boolean])[] = [
  ['BEGIN RETURN a + 1; END', true],
  [
    'DECLARE b text := lower($1::text); BEGIN IF b = $$x$$ THEN RAISE NOTICE $body$%$body$, b; END IF; RETURN 1; END',
    true,
  ],
  ['BEGIN END', true],
  ["BEGIN RETURN nextval('s'); END", false],
  ["DECLARE b int := nextval('s'); BEGIN END", false],
  ["DECLARE b record := nextval('s'); BEGIN END", false],
  ["BEGIN a := nextval('s'); END", false],
  ['BEGIN DELETE FROM pg_class; END', false],
  ["BEGIN EXECUTE 'SELECT 1'; END", false],
  ['BEGIN COMMIT; END', false],
  ['DECLARE b unknown_type; BEGIN END', false],
  ['BEGIN RETURN f(a); END', false],
  ['BEGIN', false],
  ['', false],
  ['SELECT 1', false],
  ['BEGIN RETURN 1; END $body$; SELECT 1; --', false],
  ['BEGIN RETURN \0; END', false],
  [`BEGIN RETURN ${'('.repeat(2_000)}1${')'.repeat(2_000)}; END`, false],
]

test.each(blocks)('%j: %s', (text, proven) => {
  expect(provesRead(parser, { language: 'plpgsql', text, head }, builtinCatalog)).toBe(proven)
})

test.each(['{', '{"plpgsql_funcs":7}', 'null'])('a tree that is broken proves nothing: %s', async (json) => {
  const pool = new EnginePool(async () => ({ parse: () => json, memoryBytes: 1 }), 10)
  await pool.fill()
  const broken = new LibpgQueryParser(pool)
  const body = { language: 'plpgsql', text: 'BEGIN END', head } as const
  expect(provesRead(broken, body, builtinCatalog)).toBe(false)
})

test('a parser that knows no PL/pgSQL proves nothing', () => {
  const parserOfSql = {
    name: parser.name,
    isLoaded: true,
    load: () => parser.load(),
    analyze: (sql: string) => parser.analyze(sql),
  }
  const body = { language: 'plpgsql', text: 'BEGIN END', head } as const
  expect(provesRead(parserOfSql, body, builtinCatalog)).toBe(false)
})

test('a text of SQL that creates a function is no body of one', () => {
  const text = `${head} AS $$ BEGIN RETURN 1; END $$`
  expect(provesRead(parser, { language: 'sql', text }, builtinCatalog)).toBe(false)
})

test('strings that the server reads otherwise prove nothing', () => {
  const text = String.raw`BEGIN RAISE NOTICE '\'; /* '; PERFORM nextval('s'); RAISE NOTICE '*/ '; END`
  const catalog = { ...builtinCatalog, standardConformingStrings: false }
  expect(provesRead(parser, { language: 'plpgsql', text, head }, builtinCatalog)).toBe(false)
  expect(provesRead(parser, { language: 'plpgsql', text: 'BEGIN END', head }, builtinCatalog)).toBe(true)
  expect(provesRead(parser, { language: 'plpgsql', text: 'BEGIN END', head }, catalog)).toBe(false)
})
