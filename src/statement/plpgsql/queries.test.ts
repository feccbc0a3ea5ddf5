import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { engineFactory, type Engine } from '../libpg-query-engine.ts'
import { definitionOf } from './definition.ts'
import { queriesOf } from './queries.ts'

let engine: Engine
beforeAll(async () => {
  engine = await engineFactory().create()
})

/** Returns the queries of a function of `a int`, without the casts to the types of `a` and of FOUND. */
function queriesIn(text: string, result = 'integer'): readonly string[] | undefined {
  const head = `CREATE FUNCTION f(a integer) RETURNS ${result} LANGUAGE plpgsql`
  const json = engine.parse(definitionOf({ language: 'plpgsql', head, text }), 'plpgsql')
  const queries = json === undefined ? undefined : queriesOf(json, text)
  return queries?.filter((query) => !/^SELECT NULL::(?:integer|boolean)$/.test(query))
}

const bodies: readonly (readonly [body: string, queries: readonly string[] | undefined])[] = [
  ['BEGIN END', []],
  ['BEGIN RETURN a; END', []],
  ['BEGIN RETURN a + 1; END', ['SELECT a + 1']],
  ['BEGIN a := b(1); a = c FROM d; END', ['SELECT a ', 'SELECT  b(1)', 'SELECT  c FROM d']],
  ['DECLARE b small; BEGIN b := 1; END', ['SELECT NULL::small', 'SELECT b ', 'SELECT  1']],
  ['DECLARE b t.c%TYPE; d b%TYPE; BEGIN END', ['SELECT NULL::t']],
  ['BEGIN PERFORM b FROM c; END', ['SELECT b FROM c']],
  ['BEGIN SELECT b INTO a FROM c; END', ['SELECT b        FROM c']],
  ['BEGIN INSERT INTO b VALUES (1); END', ['INSERT INTO b VALUES (1)']],
  ['BEGIN SET b = 1; END', ['SET b = 1']],
  ['DECLARE b pair; BEGIN b.c := 1; END', ['SELECT NULL::pair', 'SELECT b.c ', 'SELECT  1']],
  ['DECLARE b int := c(); BEGIN END', ['SELECT NULL::int', 'SELECT c()', 'SELECT  c()']],
  // The first value of such a variable is not in the tree.
  ['DECLARE b pair := c(); BEGIN END', ['SELECT NULL::pair', 'SELECT  c()']],
  ['DECLARE b record = c(); BEGIN END', ['SELECT NULL::record', 'SELECT  c()']],
  [
    'DECLARE b small DEFAULT c(); d int; BEGIN END',
    ['SELECT NULL::small', 'SELECT NULL::int', 'SELECT  c()'],
  ],

  // Of what type the field is only the running function knows.
  ['DECLARE b record; BEGIN b.c := 1; END', undefined],
  ['DECLARE b RECORD; BEGIN SELECT 1 INTO b.c; END', undefined],
  ['DECLARE b "record"; BEGIN b.c := 1; END', undefined],
  ['DECLARE b pg_catalog.Record; BEGIN b.c := 1; END', undefined],
  ['DECLARE b U&"\\0072ecord"; BEGIN b.c := 1; END', undefined],
  ['DECLARE b record; BEGIN SELECT 1, 2 INTO a, b.c; END', undefined],
  ['DECLARE b record; BEGIN GET DIAGNOSTICS b.c = ROW_COUNT; END', undefined],
  ['DECLARE b record; BEGIN FOR b.c IN SELECT 1 LOOP END LOOP; END', undefined],

  ["BEGIN EXECUTE 'SELECT 1'; END", undefined],
  ["BEGIN FOR a IN EXECUTE 'SELECT 1' LOOP END LOOP; END", undefined],
  ['BEGIN CALL b(); END', undefined],
  ['BEGIN COMMIT; END', undefined],
  ['BEGIN ROLLBACK; END', undefined],
  ['DECLARE b refcursor; BEGIN OPEN b FOR SELECT 1; END', undefined],
  ['DECLARE b CURSOR FOR SELECT 1; BEGIN OPEN b; END', undefined],
  ['DECLARE b CURSOR FOR SELECT 1; BEGIN FETCH b INTO a; END', undefined],
  ['DECLARE b CURSOR FOR SELECT 1; BEGIN MOVE b; END', undefined],
  ['DECLARE b CURSOR FOR SELECT 1; BEGIN CLOSE b; END', undefined],
  ['BEGIN RETURN b', undefined],
]

test.each(bodies)('%j', (body, queries) => {
  expect(queriesIn(body)).toEqual(queries)
})

test('the text of EXECUTE behind RETURN QUERY is not proven', () => {
  expect(queriesIn("BEGIN RETURN QUERY EXECUTE 'SELECT 1'; END", 'SETOF int')).toBeUndefined()
  expect(queriesIn('BEGIN RETURN QUERY SELECT 1; END', 'SETOF int')).toEqual(['SELECT 1'])
})

describe('a tree of another shape', () => {
  const block = (body: unknown): string =>
    JSON.stringify({
      plpgsql_funcs: [{ PLpgSQL_function: { datums: [], action: { PLpgSQL_stmt_block: { body } } } }],
    })
  const expression = (parseMode?: number): unknown => ({ PLpgSQL_expr: { query: 'b', parseMode } })
  const trees: readonly (readonly [title: string, json: string])[] = [
    ['without functions', '{"plpgsql_funcs":[]}'],
    ['of no function', '{}'],
    ['of another language', '{"plpgsql_funcs":[{"PLpgSQL_function":{"datums":[]}}]}'],
    [
      'of two functions',
      `{"plpgsql_funcs":[${'{"PLpgSQL_function":{"datums":[],"action":{}}},'.repeat(2).slice(0, -1)}]}`,
    ],
    ['with an unknown statement', block([{ PLpgSQL_stmt_new: {} }])],
    ['with an unknown field', block([{ PLpgSQL_stmt_return: { how: 1 } }])],
    [
      'with a field that every object has',
      block([{ constructor: {} }, { PLpgSQL_stmt_return: { toString: 1 } }]),
    ],
    ['with a node where a fact was', block([{ PLpgSQL_stmt_return: { lineno: expression(2) } }])],
    ['with a fact where a node was', block([{ PLpgSQL_stmt_return: { expr: 'b' } }])],
    ['with an expression of an unknown mode', block([{ PLpgSQL_stmt_return: { expr: expression(1) } }])],
    ['with an expression of no mode', block([{ PLpgSQL_stmt_return: { expr: expression() } }])],
    ['with an assignment that is none', block([{ PLpgSQL_stmt_return: { expr: expression(3) } }])],
    ['with an assignment to nothing', block([{ PLpgSQL_stmt_assign: { varno: 7 } }])],
  ]

  test.each(trees)('%s proves nothing', (_, json) => {
    expect(queriesOf(json, '')).toBeUndefined()
  })

  test('is known otherwise', () => {
    expect(queriesOf(block([{ PLpgSQL_stmt_return: { expr: expression(2), lineno: 1 } }]), '')).toEqual([
      'SELECT b',
    ])
  })
})

test('bodies that are cut and recombined are examined or refused, and the engine lives', () => {
  const whole = `DECLARE b int := 1; c CURSOR FOR SELECT 1; d record; e t.f%TYPE; BEGIN <<l>> FOR d IN SELECT g LOOP
    IF b = 1 THEN b := h(2); ELSE RAISE NOTICE '%', $$x$$ USING HINT = 'y'; END IF; EXIT l WHEN false; END LOOP;
    BEGIN SELECT 1 INTO STRICT b FROM t; EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS e = MESSAGE_TEXT; END;
    CASE b WHEN 1 THEN NULL; END CASE; FOREACH b IN ARRAY i LOOP CONTINUE; END LOOP; RETURN b; END`
  const pieces = whole.split(/(?<=[ ;])/)
  const cut = fc.record({
    at: fc.nat(pieces.length),
    length: fc.nat(2),
    put: fc.array(fc.constantFrom(...pieces), { maxLength: 3 }),
  })
  let looked = 0
  const property = fc.property(fc.array(cut, { minLength: 1, maxLength: 3 }), (cuts) => {
    const body = [...pieces]
    for (const { at, length, put } of cuts) body.splice(at, length, ...put)
    if (queriesIn(body.join('')) !== undefined) looked += 1
  })
  fc.assert(property, { numRuns: 4_000, seed: 1_102 })
  expect(looked).toBeGreaterThan(100)
  expect(queriesIn(whole)?.length).toBeGreaterThan(8)
})
