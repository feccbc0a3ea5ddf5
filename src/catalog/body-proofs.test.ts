import { expect, test } from 'vitest'
import type { Catalog } from './catalog.ts'
import type { LoadedRow } from './load-query.ts'
import { LoadedCatalog } from './loaded-catalog.ts'

function row(object: LoadedRow['object'], schema: string, verdict: string, ...names: string[]): LoadedRow {
  return { object, schema, verdict, names: JSON.stringify(names) }
}

function bodiesOf(schema: string, name: string, ...texts: string[]): LoadedRow {
  const bodies = texts.map((text) => ({ language: 'sql', text }))
  return { object: 'body', schema, verdict: name, names: JSON.stringify(bodies) }
}

/** Bodies are names of functions, parted by spaces: a read if each is harmless. */
function catalogOf(...rows: readonly LoadedRow[]): { readonly catalog: Catalog; readonly asked: string[] } {
  const asked: string[] = []
  const catalog = new LoadedCatalog(1, rows, ({ text }, known) => {
    asked.push(text)
    return text.split(' ').every((name) => known.functionVerdict({ name }) === 'harmless')
  })
  return { catalog, asked }
}

const { catalog } = catalogOf(
  row('function', 'pg_catalog', 'harmless', 'lower'),
  row('function', 'pg_catalog', 'writes', 'nextval'),
  row(
    'function',
    'app',
    'volatile',
    'reads',
    'counts',
    'mixed',
    'twice',
    'calls',
    'opaque',
    'self',
    'ping',
    'pong',
  ),
  row('function', 'app', 'harmless', 'mixed', 'half'),
  row('function', 'app', 'volatile', 'odd'),
  row('function', 'other', 'session', 'odd'),
  row('function', 'other', 'volatile', 'half', 'twice'),
  bodiesOf('app', 'reads', 'lower'),
  bodiesOf('app', 'counts', 'lower', 'nextval'),
  bodiesOf('app', 'mixed', 'lower lower'),
  bodiesOf('app', 'twice', 'lower'),
  bodiesOf('other', 'half', 'reads'),
  bodiesOf('app', 'calls', 'reads mixed half'),
  bodiesOf('app', 'odd', 'lower'),
  bodiesOf('app', 'self', 'self'),
  bodiesOf('app', 'ping', 'pong'),
  bodiesOf('app', 'pong', 'ping'),
)

const functions: readonly (readonly [schema: string | undefined, name: string, verdict: string])[] = [
  [undefined, 'reads', 'harmless'],
  ['app', 'reads', 'harmless'],
  ['other', 'reads', 'unknown'],
  // One overload of two writes.
  [undefined, 'counts', 'volatile'],
  [undefined, 'mixed', 'harmless'],
  // In the other schema nothing is known of it but its label.
  [undefined, 'twice', 'volatile'],
  ['app', 'twice', 'harmless'],
  ['other', 'twice', 'volatile'],
  [undefined, 'half', 'harmless'],
  ['other', 'half', 'harmless'],
  [undefined, 'calls', 'harmless'],
  [undefined, 'odd', 'volatile'],
  ['app', 'odd', 'harmless'],
  ['other', 'odd', 'session'],
  [undefined, 'opaque', 'volatile'],
  [undefined, 'self', 'volatile'],
  [undefined, 'ping', 'volatile'],
  [undefined, 'pong', 'volatile'],
]

test.each(functions)('%s.%s is %s', (schema, name, verdict) => {
  expect(catalog.functionVerdict({ name, ...(schema !== undefined && { schema }) })).toBe(verdict)
})

test('a body is proven when it is first asked for, and once', () => {
  const lazy = catalogOf(
    row('function', 'pg_catalog', 'harmless', 'lower'),
    row('function', 'app', 'volatile', 'reads', 'same', 'never'),
    bodiesOf('app', 'reads', 'lower'),
    bodiesOf('app', 'same', 'lower'),
    bodiesOf('app', 'never', 'nothing'),
  )
  expect(lazy.asked).toEqual([])
  for (const name of ['reads', 'reads', 'same']) {
    expect(lazy.catalog.functionVerdict({ name })).toBe('harmless')
  }
  expect(lazy.asked).toEqual(['lower'])
})

test('the same text in another language, or after another head, is another body', () => {
  const asked: unknown[] = []
  const bodies = [
    { language: 'sql', text: 'x' },
    { language: 'plpgsql', text: 'x', head: 'a' },
    { language: 'plpgsql', text: 'x', head: 'b' },
    { language: 'sql', text: 'x' },
  ]
  const loaded = new LoadedCatalog(
    1,
    [
      row('function', 'app', 'volatile', 'f'),
      { object: 'body', schema: 'app', verdict: 'f', names: JSON.stringify(bodies) },
    ],
    (body) => asked.push(body) > 0,
  )
  expect(loaded.functionVerdict({ name: 'f' })).toBe('harmless')
  expect(asked).toEqual(bodies.slice(0, 3))
})

test('a function that calls itself is examined once', () => {
  const { catalog: recursive, asked } = catalogOf(
    row('function', 'app', 'volatile', 'self'),
    bodiesOf('app', 'self', 'self self'),
  )
  expect(recursive.functionVerdict({ name: 'self' })).toBe('volatile')
  expect(asked).toEqual(['self self'])
})

test('a chain of calls that is too long stays unproven, whatever its length', () => {
  const links = Array.from({ length: 50_000 }, (_, i) => `f${i}`)
  const chain = catalogOf(
    row('function', 'pg_catalog', 'harmless', 'lower'),
    row('function', 'app', 'volatile', ...links),
    ...links.map((name, i) => bodiesOf('app', name, i === 0 ? 'lower' : `f${i - 1}`)),
  ).catalog
  expect(chain.functionVerdict({ name: 'f49999' })).toBe('volatile')
  expect(chain.functionVerdict({ name: 'f31' })).toBe('harmless')
})
