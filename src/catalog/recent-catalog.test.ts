import { expect, test } from 'vitest'
import { LoadedCatalog } from './loaded-catalog.ts'
import { recentCatalog } from './recent-catalog.ts'
import type { ChangeRow } from './recent-query.ts'

const known = new LoadedCatalog(
  3,
  [
    { object: 'relation', verdict: 'harmless', names: '["orders"]' },
    { object: 'relation', verdict: 'unlogged', names: '["scratch"]' },
    { object: 'function', verdict: 'harmless', names: '["total"]' },
    { object: 'operator', verdict: 'harmless', names: '["+"]' },
    { object: 'type', verdict: 'harmless', names: '["money"]' },
  ].map((row) => ({ ...row, schema: 'app' }) as never),
)

function change(object: ChangeRow['object'], name: string, kind: ChangeRow['change'] = 'new'): ChangeRow {
  return { object, schema: 'app', name, change: kind }
}

test('a new plain table is replicated, and what was known stays known', () => {
  const recent = recentCatalog(known, [change('relation', 'items', 'plain')], 4)
  expect(recent).toMatchObject({ version: 4, source: 'loaded' })
  expect(recent?.relationVerdict({ name: 'items' })).toBe('replicated')
  expect(recent?.relationVerdict({ schema: 'app', name: 'items' })).toBe('replicated')
  expect(recent?.relationVerdict({ schema: 'other', name: 'items' })).toBe('unknown')
  expect(recent?.relationVerdict({ name: 'orders' })).toBe('replicated')
  expect(recent?.functionVerdict({ name: 'total' })).toBe('harmless')
})

test.each([
  ['a view, say', change('relation', 'report')],
  ['a function', change('function', 'sum_up')],
  ['an operator', change('operator', '+!')],
  ['a type', change('type', 'mood')],
])('%s that is new has to wait', (_what, row) => {
  const recent = recentCatalog(known, [row], 4)
  const { name } = row
  const verdicts = {
    relation: recent?.relationVerdict({ name }),
    function: recent?.functionVerdict({ name }),
    operator: recent?.operatorVerdict({ name }),
    type: recent?.typeVerdict({ name }),
    effect: undefined,
    other: undefined,
  }
  expect(verdicts[row.object]).toBe('pending')
  expect(recent?.relationVerdict({ name: 'orders' })).toBe('replicated')
})

test('a table that was unlogged when all was loaded stays with the primary', () => {
  const recent = recentCatalog(known, [change('relation', 'scratch', 'plain')], 4)
  expect(recent?.relationVerdict({ name: 'scratch' })).toBe('unlogged')
})

test.each([
  ['a relation that others may depend on', change('relation', 'anything', 'changed')],
  ['a view where there was a table', change('relation', 'orders')],
  ['a function of a known name', change('function', 'total')],
  ['a function named like a table', change('function', 'orders')],
  ['an operator of a known name', change('operator', '+')],
  ['a type of a known name', change('type', 'money')],
  ['a cast, an extension or another name of a schema', change('other', '', 'changed')],
])('nothing is known any more after %s', (_what, row) => {
  expect(recentCatalog(known, [change('relation', 'items', 'plain'), row], 4)).toBeUndefined()
})

test('dependencies of relations are unknown until all is loaded again', () => {
  const recent = recentCatalog(known, [change('effect', '', 'changed')], 4)
  expect(recent?.relationVerdict({ name: 'orders' })).toBe('replicated')
  expect(recent?.footprint).toBeUndefined()
})
