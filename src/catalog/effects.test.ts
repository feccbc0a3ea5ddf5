import { describe, expect, test } from 'vitest'
import type { EffectRows, RelationKind } from './effect-rows.ts'
import { Effects } from './effects.ts'
import type { Footprint, NamedUses } from './footprint.ts'

const NONE: EffectRows = {
  relations: [],
  parents: [],
  keys: [],
  triggers: [],
  edges: [],
  routines: [],
  called: [],
  types: [],
  operators: [],
  silent: [],
  primaryKeys: [],
  attributes: [],
}

const kinds: readonly RelationKind[] = ['r', 'p', 'v', 'm', 'f', 'S', 'x']

/** Relations `r`, `p`, `v` … of these kinds, numbered from 1, and whatever else there is. */
const rows = (others: Partial<EffectRows> = {}): EffectRows => ({
  ...NONE,
  relations: kinds.map((kind, index) => [index + 1, kind, 'app', kind.toLowerCase()]),
  ...others,
})

const names: NamedUses = { functions: [], relations: [], operators: [], types: [], targets: [] }

function footprint(uses: Partial<NamedUses>, others?: Partial<EffectRows>): Footprint {
  const effects = new Effects(
    rows(others),
    { schemasWith: (name) => (name === 'f' ? ['app'] : []), typeVerdict: () => 'harmless' },
    ({ text }) => (text === 'unknown' ? undefined : [{ ...names, relations: [{ name: text }] }]),
  )
  return effects.footprint({ ...names, ...uses })
}

const ALL = 'everything'
const reading = (name: string): Partial<NamedUses> => ({ relations: [{ name }] })

test.each<readonly [kind: string, shows: Footprint['shows']]>([
  ['r', ['app.r']],
  ['p', ['app.p']],
  ['m', ['app.m']],
  ['s', ['app.s']],
  // Not itself, but what is below.
  ['v', []],
  ['f', ALL],
  ['x', ALL],
  ['nowhere', ALL],
])('a relation of the kind %s shows %j', (name, shows) => {
  expect(footprint(reading(name)).shows).toEqual(shows)
})

describe('everything is', () => {
  const inserting: Partial<NamedUses> = { targets: [{ name: 'r', access: 'insert' }] }

  test.each<readonly [what: string, uses: Partial<NamedUses>, others: Partial<EffectRows>]>([
    ['a foreign table among the children', reading('r'), { parents: [[5, 1]] }],
    ['a relation that is not known', reading('v'), { edges: [[3 * 8 + 1, 'read', 'read', 99]] }],
    ['a function that is not known', inserting, { triggers: [[1, 4, 99, []]] }],
    [
      'a body that is not known',
      inserting,
      { triggers: [[1, 4, 50, []]], routines: [[50, 'sql', 'unknown', null]] },
    ],
    ['a function whose name is not known', { functions: [{ name: 'f' }] }, {}],
    ['a sequence that is written to', { targets: [{ name: 's', access: 'insert' }] }, {}],
    ['a materialized view that is written to', { targets: [{ name: 'm', access: 'update' }] }, {}],
    ['a table that is set like a sequence', { targets: [{ name: 'r', access: 'set-sequence' }] }, {}],
    ['a view that is truncated', { targets: [{ name: 'v', access: 'truncate' }] }, {}],
    ['a target of the system', { targets: [{ name: 'pg_class', access: 'update' }] }, {}],
    ['a cast that nobody names', {}, { silent: [[99]] }],
    [
      'more steps than are followed',
      reading('v'),
      {
        edges: Array.from({ length: 6_000 }, (_, index) => [3 * 8 + 1, 'read', 'type', 100 + index] as const),
      },
    ],
  ])('%s', (_, uses, others) => {
    expect(footprint(uses, others)).toEqual({ changes: ALL, shows: ALL })
  })

  test('a text that tells not all', () => {
    const { targets: _, ...silent } = names
    const effects = new Effects(rows(), { schemasWith: () => [], typeVerdict: () => 'harmless' }, () => [])
    expect(effects.footprint(silent).shows).toBe(ALL)
  })

  test('a type that is not known', () => {
    const effects = new Effects(rows(), { schemasWith: () => [], typeVerdict: () => 'pending' }, () => [])
    expect(effects.footprint({ ...names, types: [{ name: 'mood' }] }).shows).toBe(ALL)
  })
})

test('casts between types of the system are called by no name', () => {
  const cast = { silent: [[50]], routines: [[50, 'sql', 'm', null]] } as const
  expect(footprint(reading('r'), cast).shows).toEqual(['app.m', 'app.r'])
})

test('functions that call themselves, and triggers that call each other, end', () => {
  const shows = footprint(
    { targets: [{ name: 'r', access: 'insert' }] },
    {
      triggers: [[1, 4, 50, []]],
      routines: [[50, 'sql', 'r', null]],
      edges: [
        [50 * 8, 'call', 'call', 50],
        [50 * 8, 'call', 'any', 1],
      ],
      keys: [[1, 1, 'c', 'c', ['id']]],
    },
  )
  expect(shows).toEqual({ changes: ['app.r'], shows: ['app.r'] })
})

test('a family has one name, whatever order its members come in', () => {
  const parents = [
    [2, 1],
    [4, 2],
  ] as const
  expect(footprint(reading('m'), { parents }).shows).toEqual(['app.r'])
  expect(footprint(reading('m'), { parents: parents.toReversed() }).shows).toEqual(['app.r'])
})

describe('keys', () => {
  const schemas = Array.from({ length: 40 }, (_, index) => `s${index}`)
  const key = [[['id', 'int4', 1]], schemas.map((_, index) => 100 + index)] as const
  const primaryKeys: EffectRows['primaryKeys'] = [key]
  const relations: EffectRows['relations'] = schemas.map((schema, index) => [100 + index, 'r', schema, 't'])
  const values = new Map([['id', { parameter: 1 }]])
  const asking = (schema?: string): Partial<NamedUses> => {
    const name = schema === undefined ? { name: 't' } : { schema, name: 't' }
    return { relations: [name], keys: [{ ...name, access: 'read', values }] }
  }

  test('one relation', () => {
    expect(footprint(asking('s1'), { primaryKeys, relations })).toEqual({
      changes: [],
      shows: ['s1.t'],
      shownKeys: [{ relation: 's1.t', columns: [{ type: 'int4', value: { parameter: 1 } }] }],
    })
  })

  test('relations of one name that are too many to be told apart have none', () => {
    expect(footprint(asking(), { primaryKeys, relations })).toEqual({ changes: [], shows: ['t'] })
  })

  test('a function that has the number of a relation is another object', () => {
    const routines: EffectRows['routines'] = [[101, 'sql', null, null]]
    const edges: EffectRows['edges'] = [[101 * 8 + 1, 'read', 'call', 101]]
    expect(footprint(asking('s1'), { edges, primaryKeys, relations, routines }).shownKeys).toHaveLength(1)
  })
})
