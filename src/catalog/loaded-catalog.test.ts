import { expect, test } from 'vitest'
import type { LoadedRow } from './load-query.ts'
import { LoadedCatalog } from './loaded-catalog.ts'

function row(object: LoadedRow['object'], schema: string, verdict: string, ...names: string[]): LoadedRow {
  return { object, schema, verdict, names: JSON.stringify(names) }
}

const catalog = new LoadedCatalog(7, [
  row('function', 'pg_catalog', 'harmless', 'lower', 'now'),
  row('function', 'app', 'harmless', 'total', 'both', 'constructor'),
  row('function', 'other', 'volatile', 'total'),
  row('function', 'app', 'volatile', 'both', 'audit'),
  row('function', 'app', 'node-local', 'audit'),
  row('function', 'app', 'opaque', 'runs_text'),
  row('function', 'app', 'unlogged', 'reads_unlogged'),
  row('function', 'app', 'read-only', 'declared'),
  row('relation', 'app', 'harmless', 'orders', 'users'),
  row('relation', 'other', 'unlogged', 'orders'),
  row('relation', 'app', 'writes', 'numbered'),
  row('relation', 'app', 'node-local', 'numbered'),
  row('relation', 'pg_temp', 'temporary', 'users'),
  row('operator', 'pg_catalog', 'harmless', '+'),
  row('operator', 'app', 'writes', '+'),
  row('type', 'app', 'harmless', 'mood', '_odd'),
  row('type', 'app', 'writes', 'users', 'noisy'),
  { object: 'setting', schema: null, verdict: 'off', names: '[]' },
])

const functions: readonly (readonly [string, string])[] = [
  ['lower', 'harmless'],
  ['app.total', 'harmless'],
  ['other.total', 'volatile'],
  ['total', 'volatile'],
  ['app.both', 'volatile'],
  // It may change data: what it tells of its node is the lesser evil.
  ['audit', 'volatile'],
  ['runs_text', 'volatile'],
  ['reads_unlogged', 'writes'],
  ['declared', 'harmless'],
  ['constructor', 'harmless'],
  ['toString', 'unknown'],
  ['nobody.lower', 'unknown'],
  ['pg_temp.lower', 'session'],
  ['mood', 'harmless'],
  ['noisy', 'volatile'],
]

test.each(functions)('function %s is %s', (name, verdict) => {
  expect(catalog.functionVerdict(named(name))).toBe(verdict)
})

const relations: readonly (readonly [string, string])[] = [
  ['orders', 'unlogged'],
  ['app.orders', 'replicated'],
  ['other.orders', 'unlogged'],
  ['numbered', 'volatile'],
  // A temporary table of anybody may hide the permanent one.
  ['users', 'temporary'],
  ['app.users', 'replicated'],
  ['pg_temp_9.orders', 'temporary'],
  ['nobody', 'unknown'],
]

test.each(relations)('relation %s is %s', (name, verdict) => {
  expect(catalog.relationVerdict(named(name))).toBe(verdict)
})

const types: readonly (readonly [string, string])[] = [
  ['mood', 'harmless'],
  ['_mood', 'harmless'],
  ['_odd', 'harmless'],
  ['noisy', 'volatile'],
  ['_noisy', 'volatile'],
  ['orders', 'harmless'],
  ['app.users', 'volatile'],
  ['nobody', 'pending'],
  ['_nobody', 'pending'],
]

test.each(types)('type %s is %s', (name, verdict) => {
  expect(catalog.typeVerdict(named(name))).toBe(verdict)
})

test('operators', () => {
  expect(catalog.operatorVerdict({ schema: 'pg_catalog', name: '+' })).toBe('harmless')
  expect(catalog.operatorVerdict({ name: '+' })).toBe('volatile')
  expect(catalog.operatorVerdict({ name: '-' })).toBe('pending')
})

test('other facts that it knows', () => {
  expect(catalog).toMatchObject({ source: 'loaded', version: 7, standardConformingStrings: false })
  expect(catalog.counts).toEqual({ functions: 10, relations: 5 })
})

function named(text: string): { readonly schema?: string; readonly name: string } {
  const [schema = '', name] = text.split('.')
  return name === undefined ? { name: schema } : { schema, name }
}
