import { beforeAll, describe, expect, it } from 'vitest'
import { expectSameWhenCondensed, PADDING } from '../../test/support/condensed-texts.ts'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { condensed } from './condensed.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import { textOnlyCatalog } from './text-only-catalog.ts'

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
  const parser = createLibpgQueryParser()
  const catalog = textOnlyCatalog(builtinCatalog)
  beforeAll(() => parser.load())

  it('is judged as the whole one is', () => expectSameWhenCondensed(parser))

  it('has its offender where it is in the original', () => {
    const sql = `select a in (${Array.from({ length: 2000 }, (_, i) => i).join(', ')}), nextval('é') from t`
    const { offender } = decide(parser.analyze(sql), catalog)
    expect(offender?.position).toBe(sql.indexOf('nextval'))
  })
})

it('a row of many tokens does not take longer with the square of their number', () => {
  const sql = `insert into t values ('a',${'\\'.repeat(400_000)}`
  expect(condensed(sql, 5_000).sql).toBe(sql)
})
