import fc from 'fast-check'
import { expect } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import type { Analysis, SqlParser } from '../../src/statement/parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'

/** A comment that makes a text long enough to be condensed. */
export const PADDING: string = `/* ${'-'.repeat(2048)} */ `

const catalog = textOnlyCatalog(builtinCatalog)

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
  .tuple(fc.array(item, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }))
  .map(([kinds, order]) => order.map((at) => kinds[at % kinds.length] ?? ''))
const rows = items.map((list) => list.map((one) => `(${one}, 1)`).join(', '))
/** Statements with long lists of constants and calls. */
const longTexts: fc.Arbitrary<string> = fc
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

/** Judges a text; leaves out what comes from each item by itself, as often as it is there. */
function facts(parser: SqlParser, sql: string): unknown {
  const { settings, ...analysis }: Analysis = parser.analyze(sql)
  const { offender, ...statement } = decide(analysis, catalog)
  return { ...statement, offender: offender?.text, settings: settings?.map((each) => JSON.stringify(each)) }
}

/** Asserts that a parser judges condensed texts as it judges the whole ones: a short text is parsed as it is. */
export function expectSameWhenCondensed(parser: SqlParser): void {
  const isSame = (sql: string): void => {
    expect(facts(parser, PADDING + sql)).toEqual(facts(parser, sql))
  }
  fc.assert(fc.property(longTexts, isSame), { numRuns: 500 })
}
