import { describe, expect, test } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { classify } from './classify.ts'

describe('without a database', () => {
  test('relations are taken for tables, functions and types are not taken for harmless', async () => {
    expect(await classify('SELECT lower(name) FROM app.users')).toMatchObject({
      kind: 'read',
      reason: 'select',
    })
    expect(await classify('SELECT app.f()')).toMatchObject({
      kind: 'write',
      reason: 'catalog-pending',
      offender: { text: 'app.f()', position: 7 },
    })
    expect(await classify("SELECT 'x'::app.t")).toMatchObject({ kind: 'write', reason: 'catalog-pending' })
  })

  test('relations of the system are what they are', async () => {
    expect(await classify('SELECT * FROM pg_class')).toMatchObject({ kind: 'read' })
    expect(await classify('SELECT * FROM pg_stat_activity')).toMatchObject({ reason: 'relation-node-local' })
  })

  test('relations may be held to be unknown', async () => {
    const statement = await classify('SELECT * FROM users', { assumeTables: false })
    expect(statement).toMatchObject({ kind: 'write', reason: 'catalog-pending', offender: { text: 'users' } })
  })
})

test('takes the word of a catalog', async () => {
  const catalog: Catalog = {
    ...builtinCatalog,
    source: 'loaded',
    functionVerdict: ({ schema }) => (schema === 'app' ? 'harmless' : 'writes'),
    relationVerdict: ({ name }) => (name === 'log' ? 'unlogged' : 'pending'),
  }
  expect(await classify('SELECT app.f() FROM t', { catalog })).toMatchObject({ kind: 'read' })
  expect(await classify('SELECT * FROM log', { catalog })).toMatchObject({ reason: 'relation-unlogged' })
})

test('hands on a hint, which makes nothing a read', async () => {
  expect(await classify('/* route: replica */ SELECT 1')).toMatchObject({ kind: 'read', hint: 'replica' })
  expect(await classify('/* route: replica */ DELETE FROM t')).toMatchObject({
    kind: 'write',
    hint: 'replica',
  })
  expect(await classify('SELEC /* route: primary */')).toMatchObject({
    reason: 'unparseable',
    hint: 'primary',
  })
})
