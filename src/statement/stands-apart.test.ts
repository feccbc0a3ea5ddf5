import { beforeAll, expect, test } from 'vitest'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { standsApart } from './stands-apart.ts'
import { wordsOf } from './words.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

const long = 'é'.repeat(40)
const words = new Set(wordsOf(`CREATE TEMP TABLE Orders AS SELECT id, ${long} FROM "Big Ones", ÉTÉ, हिन्दी`))

test.each([
  ['SELECT 1', true],
  ["SELECT lower('x'), 1 + 1, now()::date", true],
  ['SELECT * FROM items WHERE note = $1', true],
  ['SELECT * FROM items i JOIN app.parts p ON p.i = i.i', true],
  ['SELECT * FROM orders', false],
  ['SELECT * FROM ORDERS', false],
  ['SELECT * FROM app.orders', false],
  ['SELECT (SELECT count(*) FROM "Big Ones")', false],
  ['SELECT * FROM "Big"', false],
  ["SELECT pg_relation_size('orders')", false],
  ["SELECT $$orders$$::text, E'x'", false],
  ["SELECT ('ord' || 'ers')::regclass", false],
  [`SELECT * FROM ${long}`, false],
  ["SELECT to_regclass('ord' || 'ers')", false],
  ['SELECT to_regclass($1)', false],
  ['SELECT pg_relation_size($1)', false],
  ['SELECT pg_table_is_visible($1)', false],
  ['SELECT current_schemas(true)', false],
  ['SELECT * FROM été', false],
  ['SELECT * FROM "ÉtÉ"', false],
  ['SELECT * FROM हिन्दी', false],
  ["SELECT * FROM items WHERE rel = 'été'", false],
  ["SELECT * FROM items WHERE rel = 'हिन्दी'", false],
  ["SELECT * FROM items WHERE rel = E'ord\\x65rs'", false],
  ["SELECT * FROM items WHERE rel = U&'ord\\0065rs'", false],
  ["SELECT * FROM items WHERE note = E'it''s'", true],
  ["SELECT '{}'::int4multirange", false],
  ['SELECT total() FROM items', false],
  ['SELECT 1 ~~~> 2', false],
  ['SELECT 1::mood', false],
  ['SELECT * FROM information_schema.tables', false],
  ['SELECT * FROM pg_class', false],
  ['SELECT * FROM parts_pkey', false],
  ['SELECT * FROM parts_lower_idx1', false],
  ['SELECT * FROM parts_id_seq', false],
  ["SELECT '{}'::_text", false],
])('%s: %s', (sql, expected) => {
  expect(standsApart(parser.analyze(sql), sql, [], words)).toBe(expected)
})

// A column may be a regclass, or an array of them.
test.each([
  ['orders', false],
  ['app."Big Ones"', false],
  [['items', ['orders']], false],
  [{ toPostgres: () => 'orders' }, false],
  [{ toJSON: () => 'orders' }, false],
  ['Orders', false],
  ['ÉTÉ', false],
  ['items', true],
  [[1, null, 'items'], true],
  [{ name: 'orders' }, true],
  [new Date(0), true],
  [Buffer.from('orders'), true],
  [1, true],
  [null, true],
])('a parameter %o: %s', (value, expected) => {
  const sql = 'SELECT * FROM items WHERE note = $1'
  expect(standsApart(parser.analyze(sql), sql, [value], words)).toBe(expected)
})
