import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Catalog, ParsingFacts } from '../catalog/catalog.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import type { SqlParser } from './parser.ts'

let parser: SqlParser

beforeAll(async () => {
  parser = createLibpgQueryParser()
  await parser.load()
})

/** `name`, `label` and `status` are texts in every table; `id` is an integer. `at` and `mood` are neither. */
const facts: ParsingFacts = {
  schema: 'abc',
  hasImplicitCasts: false,
  isFrozen: (object, { name }) => name === (object === 'function' ? 'f_immutable' : 'v_frozen'),
  hasOwn: (object, name) => name === { function: 'own', operator: '<->', type: 'mine' }[object],
  isPlainColumn: (name) => ['id', 'name', 'label', 'status'].includes(name),
}

const ownOperator =
  (own: string): ParsingFacts['hasOwn'] =>
  (object, name) =>
    object === 'operator' && name === own

const catalogOf = (parsing: ParsingFacts | undefined): Catalog => ({
  version: 1,
  source: 'loaded',
  standardConformingStrings: true,
  functionVerdict: () => 'harmless',
  relationVerdict: () => 'replicated',
  operatorVerdict: () => 'harmless',
  typeVerdict: () => 'harmless',
  ...(parsing && { parsing }),
})

function frozen(sql: string, parsing: ParsingFacts | undefined = facts): string {
  const { kind, naming } = decide(parser.analyze(sql), catalogOf(parsing))
  expect(kind).toBe('read')
  if (naming === undefined) return 'unknown'
  return 'frozen' in naming ? naming.frozen : 'nothing'
}

describe('values that a read freezes', () => {
  it.each([
    ['select * from t where id = $1', 'nothing'],
    ['select * from t where at > $1', 'nothing'],
    ['select $1::timestamptz', 'nothing'],
    ['select * from t where mood = $1::mine', 'nothing'],
    ['select now(), current_date, localtimestamp, current_setting($1)', 'nothing'],
    ["select 1, 'x', null, true, 1.5", 'nothing'],
    ["select * from t where name = 'x' and t.status <> 'y'", 'nothing'],
    ["select * from t where 'x' = name", 'nothing'],
    ["select * from t where id = '5' and id in ('1', '2')", 'nothing'],
    ["select * from t where name like 'x%' escape '!'", 'nothing'],
    ["select * from t where name between 'a' and 'b'", 'nothing'],
    ["select * from t where name = any(array['a', 'b'])", 'nothing'],
    ["select * from t where lower(name) = 'x' and upper('x') = name", 'nothing'],
    [
      "select '5'::int8, cast('x' as text), uuid '6ecd8c99-4036-403d-bf84-cf8400f67836', 't'::boolean",
      'nothing',
    ],
    ["select date_trunc('day', at), extract(year from at), to_char(at, 'YYYY')", 'nothing'],
    ["select at at time zone 'UTC' from t", 'nothing'],
    ["select data -> 'a' ->> 'b' from t where data ->> 'c' = 'd' and data ? 'e'", 'nothing'],
    ["select coalesce(name, 'x'), case when id > 1 then 'a' else 'b' end, nullif(name, '')", 'nothing'],
    ["select case name when 'a' then 1 else 2 end from t", 'nothing'],
    ["select string_agg(name, ', ') from t group by status having count(*) > 1", 'nothing'],
    ["select * from t order by name limit '5'", 'nothing'],
    ["with s as (select name from t where name = 'x') select * from s where s.name = 'y'", 'nothing'],
    ["select * from t where exists (select from u where u.name = 'x')", 'nothing'],
    ["select * from (select 'x' as kind) s", 'nothing'],

    ["select timestamptz 'now'", 'literal-type'],
    ["select * from t where at > timestamptz '2024-01-01 00:00'", 'literal-type'],
    ["select now() - interval '1 day'", 'literal-type'],
    ["select 'x'::date", 'literal-type'],
    ["select cast('x' as money)", 'literal-type'],
    ['select 5::money', 'literal-type'],
    ["select 'pg_class'::regclass", 'literal-type'],
    ["select 'x'::mine", 'literal-type'],
    ["select '{2024-01-01}'::date[]", 'literal-type'],
    ["select array['2024-01-01']::date[]", 'literal-type'],
    ["select array[array['2024-01-01']]::date[]", 'literal-type'],
    ["select '{a,b}'::text[]", 'literal-type'],
    ["select b'101'", 'literal-type'],
    ["select time '12:00' at time zone 'UTC'", 'literal-type'],

    ["select * from t where at > '2024-01-01'", 'literal-unproven'],
    ["select * from t where '2024-01-01' < at", 'literal-unproven'],
    ["select * from t where mood = 'glad'", 'literal-unproven'],
    ["select * from t where mood in ('glad', 'sad')", 'literal-unproven'],
    ["select * from t where at between '2024-01-01' and '2024-02-01'", 'literal-unproven'],
    ["select * from t where at = any('{2024-01-01}')", 'literal-unproven'],
    ["select * from t where '2024-01-01' = any(times)", 'literal-unproven'],
    ["select * from t where $1 = '2024-01-01' and at = $1", 'literal-unproven'],
    ["select * from t where now() > '2024-01-01'", 'literal-unproven'],
    ["select * from t where (select max(at) from t) > '2024-01-01'", 'literal-unproven'],
    ["select * from t where '2024-01-01' in (select at from t)", 'literal-unproven'],
    ["select * from t where (at, id) > ('2024-01-01', 1)", 'literal-unproven'],
    ["select coalesce(at, '2024-01-01') from t", 'literal-unproven'],
    ["select greatest(at, '2024-01-01') from t", 'literal-unproven'],
    ["select case when id = 1 then at else 'now' end from t", 'literal-unproven'],
    ["select case at when 'now' then 1 end from t", 'literal-unproven'],
    ["select nullif(at, 'now') from t", 'literal-unproven'],
    ["select at + '1 day' from t", 'literal-unproven'],
    ["select date_trunc('day', '2024-01-01', 'UTC')", 'literal-unproven'],
    ["select date('now')", 'literal-unproven'],
    ["select nextval_of('s')", 'literal-unproven'],
    ["select 'now' union select at from t", 'literal-unproven'],
    ["values ('now'), (now())", 'literal-unproven'],
    ["select data @> '{}' from t", 'literal-unproven'],
    ["select to_tsvector('english', name) from t", 'literal-unproven'],
    ["select lower(span) = '2024-01-01' from t", 'literal-unproven'],
    ["select * from (select now() as name) s where s.name > '2024-01-01'", 'literal-unproven'],
    ["select * from (select now()) s (status) where status > '2024-01-01'", 'literal-unproven'],
    ["with s (label) as (select now()) select * from s where label > '2024-01-01'", 'literal-unproven'],
    ["select * from f() where name > '2024-01-01'", 'literal-unproven'],
    ["select * from json_to_recordset($1) as x (name date) where name > '2024-01-01'", 'literal-unproven'],
    ["select * from pg_class where name = 'x'", 'literal-unproven'],
    ["select (t).at = 'now' from t", 'literal-unproven'],
    ["select * from (select (f(1)).name from t) s where name > '2024-01-01'", 'literal-unproven'],
    ["select * from (select (f(1)).* from t) s where name > '2024-01-01'", 'literal-unproven'],
    ["select times['now'] from t", 'literal-unproven'],
    [
      "select * from (select id from t union select $1::regclass) s where id = 'pg_class'",
      'literal-unproven',
    ],
    [
      "select sum(id) over (order by at range between '1 day' preceding and current row) from t",
      'literal-unproven',
    ],

    ['select f_immutable(id) from t', 'function'],
    ['select t.f_immutable from t', 'function'],
    ['select * from f_immutable()', 'function'],
    ['select * from v_frozen', 'relation'],
    ["select own('x')", 'literal-unproven'],
    ["select 'a' <-> 'b'", 'literal-unproven'],
    ['select 1 <-> 2', 'user-defined'],
    [
      "select * from t where name between 'a' and 'b'",
      'user-defined',
      { ...facts, hasOwn: ownOperator('>=') },
    ],
    ["select * from t where name not in ('a', 'b')", 'user-defined', { ...facts, hasOwn: ownOperator('<>') }],
    ['select name::mine from t', 'user-defined'],
    ["select xmlparse(content '<a/>')", 'xml-or-json'],
    ["select json_value(data, '$.a') from t", 'xml-or-json'],
  ] satisfies readonly [sql: string, expected: string, parsing?: ParsingFacts][])(
    '%s: %s',
    (sql, expected, parsing?: ParsingFacts) => {
      expect(frozen(sql, parsing)).toBe(expected)
    },
  )

  it('is not known while the database is not', () => {
    expect(decide(parser.analyze('select 1'), catalogOf(undefined)).naming).toBeUndefined()
  })

  it('may be anything where a cast of a user applies by itself', () => {
    expect(frozen('select 1', { ...facts, hasImplicitCasts: true })).toBe('user-defined')
  })
})

/** Of no literal that is put into a place of this kind it is proven that it is plain. */
const UNSAFE = [
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'money',
  'regclass',
  'regtype',
  'mine',
  'float8',
  'json',
  'xml',
  'inet',
]

describe('a literal of an unsafe type', () => {
  const context = fc.constantFrom<(literal: string) => string>(
    (literal) => `select ${literal}`,
    (literal) => `select * from t where ${literal} = at`,
    (literal) => `select * from t where id = 1 or not (at > ${literal})`,
    (literal) => `select (select coalesce(at, ${literal}) from t limit 1)`,
    (literal) => `with s as (select ${literal} as at) select * from s`,
    (literal) => `select * from t join u on t.at = ${literal} order by (${literal})`,
    (literal) =>
      `select count(*) filter (where at < ${literal}) from t group by date_trunc('day', ${literal})`,
    (literal) => `select * from t where id in (select id from u where at between ${literal} and now())`,
    (literal) => `select 1 union all select 2 from t where at = ${literal}`,
    (literal) => `select f(x => ${literal})`,
    (literal) => `select array[${literal}], row(${literal})`,
  )
  const spelling = fc.constantFrom<(type: string) => string>(
    (type) => `'x'::${type}`,
    (type) => `cast('x' as ${type})`,
    (type) => `${type} 'x'`,
    (type) => `(('x')::${type})`,
    (type) => `'x'::pg_catalog.${type}`,
  )
  it('is found wherever it stands, and however it is written', () => {
    fc.assert(
      fc.property(context, spelling, fc.constantFrom(...UNSAFE), (within, spelled, type) => {
        expect(frozen(within(spelled(type)))).not.toBe('nothing')
      }),
    )
  })
})
