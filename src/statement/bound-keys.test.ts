import { beforeAll, expect, test } from 'vitest'
import type { Catalog } from '../catalog/catalog.ts'
import type { Footprint, NamedUses } from '../catalog/footprint.ts'
import type { KeyLiteral } from '../catalog/key.ts'
import { createJudge } from './caching-judge.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

/** A key for each relation that has a value for `id`. */
function footprint({ keys = [] }: NamedUses): Footprint {
  const shownKeys = keys.flatMap(({ name, values }) => {
    const value = values.get('id')
    if (value === undefined) return []
    const key = 'literal' in value ? literalOf(value) : value
    return [{ relation: name, columns: [{ type: 'int4' as const, value: key }] }]
  })
  return { changes: [], shows: ['t'], ...(shownKeys.length > 0 && { shownKeys }) }
}

function literalOf({ literal, position }: KeyLiteral): KeyLiteral {
  return position === undefined ? { literal } : { literal, position }
}

/** The values that are shown of each text, judged one after the other. */
function shown(...texts: readonly string[]): readonly unknown[] {
  let parsed = 0
  const judge = createJudge({
    parser: {
      ...parser,
      name: parser.name,
      load: () => parser.load(),
      analyze: (sql) => {
        parsed += 1
        return parser.analyze(sql)
      },
    },
    catalog: () => ({ ...CATALOG, footprint }),
    cacheBytes: 1_000_000,
    maxSqlBytes: 10_000,
  })
  const values = texts.map((sql) => {
    const { kind, footprint: found } = judge.judge(sql)
    expect(kind).toBe('read')
    return found.shownKeys?.map(({ columns }) =>
      columns.map(({ value }) => ('literal' in value ? value.literal : value.parameter)).join(','),
    )
  })
  return [parsed, ...values]
}

const CATALOG: Catalog = {
  version: 1,
  source: 'loaded',
  standardConformingStrings: true,
  functionVerdict: () => 'harmless',
  relationVerdict: () => 'replicated',
  operatorVerdict: () => 'harmless',
  typeVerdict: () => 'harmless',
}

const none = undefined

test.each<readonly [what: string, texts: readonly string[], values: readonly unknown[]]>([
  ['a number', ['SELECT * FROM t WHERE id = 1', 'SELECT * FROM t WHERE id = 23'], [['1'], ['23']]],
  ['a string', ["SELECT * FROM t WHERE id = 'a'", "SELECT * FROM t WHERE id = 'it''s'"], [['a'], ["it's"]]],
  [
    'the constant in its place',
    ['SELECT 7 FROM t WHERE a = 1 AND id = 1 LIMIT 1', 'SELECT 8 FROM t WHERE a = 2 AND id = 3 LIMIT 4'],
    [['1'], ['3']],
  ],
  [
    'several relations',
    ['SELECT FROM t, u WHERE t.id = 1 AND u.id = 2', 'SELECT FROM t, u WHERE t.id = 3 AND u.id = 4'],
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  ['a parameter', ['SELECT 1 FROM t WHERE id = $1', 'SELECT 2 FROM t WHERE id = $1'], [['1'], ['1']]],
  [
    'a constant in brackets',
    ['SELECT FROM t WHERE (id = 1)', 'SELECT FROM t WHERE (id = 2)'],
    [['1'], ['2']],
  ],
  ['zeros in front', ['SELECT FROM t WHERE id = 01', 'SELECT FROM t WHERE id = 002'], [['1'], ['2']]],
  [
    'the text again',
    [
      'SELECT FROM t WHERE id = 1',
      'SELECT FROM t WHERE id = 2',
      'SELECT FROM t WHERE id = 1',
      'SELECT FROM t WHERE id = 2',
    ],
    [['1'], ['2'], ['1'], ['2']],
  ],
  [
    'another alphabet',
    ["SELECT 'é' FROM t WHERE a = 1 AND id = 1", "SELECT 'é' FROM t WHERE a = 2 AND id = 3"],
    [['1'], ['3']],
  ],
  // Not certain
  ['a number below zero', ['SELECT FROM t WHERE id = -1', 'SELECT FROM t WHERE id = -2'], [['-1'], none]],
  [
    'a string that goes on',
    ["SELECT FROM t WHERE id = 'a'\n''", "SELECT FROM t WHERE id = 'a'\n'b'"],
    [['a'], none],
  ],
  [
    'a string that goes on later',
    ["SELECT FROM t WHERE id = 'a'", "SELECT FROM t WHERE id = 'a'\n'b'"],
    [['a'], none],
  ],
  [
    'a string before a comment',
    ["SELECT FROM t WHERE id = 'a' -- x", "SELECT FROM t WHERE id = 'b' -- x"],
    [['a'], none],
  ],
  [
    'another alphabet later',
    ["SELECT 'e' FROM t WHERE id = 1", "SELECT 'é' FROM t WHERE id = 2"],
    [['1'], ['2']],
  ],
])('%s', (_, texts, values) => {
  expect(shown(...texts)).toEqual([1, ...values])
})

test('a larger number is another form', () => {
  expect(shown('SELECT FROM t WHERE id = 1', 'SELECT FROM t WHERE id = 3000000000')).toEqual([
    2,
    ['1'],
    ['3000000000'],
  ])
})
