import { beforeAll, describe, expect, it } from 'vitest'
import type { Catalog } from '../catalog/catalog.ts'
import { EVERYTHING } from '../catalog/footprint.ts'
import { catalogEffectOf, together, type CatalogEffect } from './catalog-effect.ts'
import { decide } from './decide.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'

const parser = createLibpgQueryParser()

beforeAll(() => parser.load())

const catalog: Catalog = {
  version: 1,
  source: 'loaded',
  standardConformingStrings: true,
  functionVerdict: ({ name }) => (name === 'f' ? 'volatile' : 'harmless'),
  relationVerdict: () => 'replicated',
  operatorVerdict: () => 'harmless',
  typeVerdict: () => 'harmless',
  footprint: ({ relations, targets = [] }) =>
    [...relations, ...targets].some(({ name }) => name === 'fires')
      ? EVERYTHING
      : { changes: ['public.t'], shows: ['public.t'] },
}

describe('effects of a statement on the catalog', () => {
  it.each<[sql: string, effect: CatalogEffect]>([
    ['select 1', 'none'],
    ['insert into t values (1)', 'none'],
    ['insert into fires values (1)', 'possible'],
    ['copy fires from stdin', 'possible'],
    ['select * from fires for update', 'possible'],
    ['lock table fires', 'none'],
    ['notify n', 'none'],
    [`commit prepared 'x'`, 'possible'],
    ['begin', 'none'],
    ['alter table t alter column v type timestamptz', 'certain'],
    ['alter table t alter column v type timestamptz using f(v)', 'certain'],
    ['create table t as select f()', 'certain'],
    ['select f() into t', 'certain'],
    ['do $$ begin alter table t add column v int; end $$', 'certain'],
    ['revoke a from b', 'certain'],
    ['alter role a bypassrls', 'certain'],
    ['begin; alter table t add column v int; commit', 'certain'],
    ['select 1; select 2', 'none'],
    ['create temp table t (v int)', 'none'],
    ['create temp table t as select f() as v', 'possible'],
    ['select f()', 'possible'],
    ['call f()', 'possible'],
    ['execute p', 'possible'],
    ['alter teble t', 'possible'],
  ])('%s: %s', (sql, effect) => {
    expect(catalogEffectOf(decide(parser.analyze(sql), catalog))).toBe(effect)
  })

  it('is the greater one of several', () => {
    expect(together('none', 'possible')).toBe('possible')
    expect(together('possible', 'none')).toBe('possible')
    expect(together('possible', 'certain')).toBe('certain')
  })
})
