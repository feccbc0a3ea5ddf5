import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { condensed } from './condensed.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { createNodeSqlParser } from './node-sql-parser-parser.ts'
import type { Analysis, SqlParser } from './parser.ts'
import { textOnlyCatalog } from './text-only-catalog.ts'

/** Long enough to be looked at. */
const PADDING = `/* ${'-'.repeat(2048)} */ `
const short = (sql: string): string => condensed(PADDING + sql, 5000).sql.slice(PADDING.length)

describe('condensed', () => {
  it.each([
    ['select 1 in (1, 2, 3, 4)', 'select 1 in (1, 2)'],
    ["select a in ('a', 'b', 'it''s', 'd') from t", "select a in ('a', 'b') from t"],
    ['select a in ($1, $2, $3, $40) from t', 'select a in ($1, $2) from t'],
    ['select a = any(array[1, 2, 3]) from t', 'select a = any(array[1, 2]) from t'],
    ['select (a, b) in ((1, 2), (3, 4), (5, 6))', 'select (a, b) in ((1, 2), (3, 4))'],
    ["insert into t values (1, 'a'), (2, 'b'), (3, 'c')", "insert into t values (1, 'a'), (2, 'b')"],
    ['values ($1, now()), ($2, now()), ($3, now()) limit 1', 'values ($1, now()), ($2, now()) limit 1'],
    ['select a in (values (1), (2), (3)) and b', 'select a in (values (1), (2)) and b'],
    ['select a in (1, 2, 3 -- x\n, 4) from t', 'select a in (1, 2 -- x\n) from t'],
    [
      "values (1, '2020-01-01'::date), (2, '2021-01-01'::date), (3, '2022-01-01'::date)",
      "values (1, '2020-01-01'::date), (2, '2021-01-01'::date)",
    ],
    // Runs of their own.
    ["select a in (1, 2, 3, 'x', 'y', 'z', 4)", "select a in (1, 2, 'x', 'y', 4)"],
  ])('leaves out of %j', (sql, expected) => {
    expect(short(sql)).toBe(expected)
  })

  it.each([
    "values (set_config('a', '1', true)), (set_config('b', '1', true)), (set_config('c', '1', false)) limit 1",
    "insert into t values (f('a')), (f('b')), (f('c')) returning a",
    "values (1), (2) returning f('a'), f('b'), f('c')",
    'select f(1, 2, 3, 4)',
    'select s.in(1, 2, 3), s.values(1, 2, 3), s /* */ . /* */ values (1, 2, 3)',
    'select array(select 1), a.array[1]',
    "select a in (E'a', E'b', E'c')",
    `select a in (U&"d!0061" uescape '!', U&"d!0062" uescape '?', U&"d!0063" uescape '+')`,
    "select a in (1, 2, 3, 4, 'not closed",
    'select a in (a, b, c, d)',
    'select 1, 2, 3, 4',
    'select a in (0x1, 0x2, 0x3)',
  ])('keeps %j', (sql) => {
    expect(short(sql)).toBe(sql)
  })

  it('keeps short texts', () => {
    expect(condensed('select a in (1, 2, 3)', 5000).sql).toBe('select a in (1, 2, 3)')
  })

  it('tells where things are in the original', () => {
    const sql = `${PADDING}select a in (1, 2, 3, 4), b in (1, 2, 3), c from t`
    const { sql: text, originalOf } = condensed(sql, 5000)
    for (const name of ['select', ' in', ' b', ', c', 'from'])
      expect([name, originalOf(text.indexOf(name))]).toEqual([name, sql.indexOf(name)])
  })

  it('counts what is left, and stops counting', () => {
    const ones = Array.from({ length: 3000 }, () => '1').join(', ')
    expect(condensed(`select a in (${ones})`, 100).tokens).toBe(8)
    expect(condensed(`select ${ones}`, 100).tokens).toBe(101)
    const few = `select ${ones.slice(0, 1000)}`
    expect(condensed(few, 100).tokens).toBe(101)
    expect(condensed(few, 5000).sql).toBe(few)
  })
})

describe('a condensed text', () => {
  const parsers = [createLibpgQueryParser(), createNodeSqlParser()]
  const catalog = textOnlyCatalog(builtinCatalog)
  beforeAll(() => Promise.all(parsers.map((parser) => parser.load())))

  const constant = fc.constantFrom(
    '1',
    '23',
    "'a'",
    "'search_path'",
    "''",
    '$1',
    '$2',
    'null',
    'true',
    '1.5',
    '-1',
  )
  const call = fc
    .tuple(
      fc.constantFrom('now', 'set_config', 'f', 's.in', 's.values', 'nextval', 'random'),
      fc.array(constant, { maxLength: 3 }),
    )
    .map(([name, args]) => `${name}(${args.join(', ')})`)
  const item = fc.oneof(
    { weight: 6, arbitrary: constant },
    { weight: 1, arbitrary: call },
    fc.constantFrom(
      'a',
      '(select 1)',
      "'x'::date",
      "interval '1 day'",
      '(select nextval(1))',
      'array[1, 2, 3]',
    ),
  )
  // Few kinds of items, so that many neighbours are alike.
  const items = fc
    .tuple(
      fc.array(item, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }),
    )
    .map(([kinds, order]) => order.map((at) => kinds[at % kinds.length] ?? ''))
  const rows = items.map((list) => list.map((one) => `(${one}, 1)`).join(', '))
  const text = fc
    .tuple(
      fc.constantFrom(
        'select * from pg_class where oid in (@)',
        'select array[@] from pg_class',
        'select f(@), a in (@) from pg_class',
        'select * from (values #) v',
        'insert into pg_class values # returning f(@)',
        'select (a, b) in (#), relname from pg_class order by @',
        'with w as (values #) select * from w where a in (@)',
        'values #; select @',
      ),
      items,
      rows,
    )
    .map(([template, list, all]) => template.replaceAll('@', list.join(', ')).replace('#', all))

  /** Less what comes from each item by itself, as often as it is there. */
  const facts = (parser: SqlParser, sql: string): unknown => {
    const { settings, ...analysis }: Analysis = parser.analyze(sql)
    const { offender, ...statement } = decide(analysis, catalog)
    return { ...statement, offender: offender?.text, settings: settings?.map((each) => JSON.stringify(each)) }
  }

  it.each([0, 1])('is judged as the whole one is: parser %d', (at) => {
    const parser = parsers[at] ?? createLibpgQueryParser()
    const isSame = (sql: string): void => {
      // A short text is parsed as it is.
      expect(facts(parser, PADDING + sql)).toEqual(facts(parser, sql))
    }
    fc.assert(fc.property(text, isSame), { numRuns: 500 })
  })

  it('has its offender where it is in the original', () => {
    const sql = `select a in (${Array.from({ length: 2000 }, (_, i) => i).join(', ')}), nextval('é') from t`
    const { offender } = decide(parsers[0]?.analyze(sql) as Analysis, catalog)
    expect(offender?.position).toBe(sql.indexOf('nextval'))
  })
})
