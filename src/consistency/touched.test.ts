import { describe, expect, it } from 'vitest'
import { EVERYTHING, type Footprint } from '../catalog/footprint.ts'
import { classify } from '../statement/classify.ts'
import { changedBy, shownBy, union, type RelationKey, type Touched } from './touched.ts'

const keyed = (relation: string, key: string): RelationKey => ({ relation, key })

const select = await classify('select 1')
const proof = (relation: string) =>
  ({ relation, columns: [{ type: 'int4', value: { parameter: 1 } }] }) as const

describe('relations that an execution touches', () => {
  const footprint: Footprint = {
    changes: ['app.t', 'app.u'],
    shows: ['app.t', 'app.v'],
    changedKeys: [proof('app.t')],
    shownKeys: [proof('app.t'), proof('app.v')],
  }

  it.each<readonly [what: string, values: readonly unknown[], changed: Touched, shown: Touched]>([
    [
      'is a key, however it is spelled',
      [' 07 '],
      [keyed('app.t', '7'), 'app.u'],
      [keyed('app.t', '7'), keyed('app.v', '7')],
    ],
    ['is the relation when the value proves no key', [new Date()], ['app.t', 'app.u'], ['app.t', 'app.v']],
    ['is the relation without values', [], ['app.t', 'app.u'], ['app.t', 'app.v']],
  ])('%s', (_what, values, changed, shown) => {
    const statement = { ...select, footprint }
    expect(changedBy(statement, { keyValues: values })).toEqual(changed)
    expect(shownBy(statement, { keyValues: values })).toEqual(shown)
  })

  it('is everything when that is the footprint', () => {
    const statement = { ...select, footprint: EVERYTHING }
    expect([changedBy(statement, { keyValues: [7] }), shownBy(statement, { keyValues: [7] })]).toEqual([
      'everything',
      'everything',
    ])
  })
})

describe('the union of two sets', () => {
  const keys = (from: number, to: number): RelationKey[] =>
    Array.from({ length: to - from }, (_, i) => keyed('app.t', String(from + i)))

  it.each<readonly [what: string, one: Touched, other: Touched, both: Touched]>([
    ['has all of both', ['a', 'b'], ['b', 'c'], ['a', 'b', 'c']],
    ['is everything with everything', ['a'], 'everything', 'everything'],
    ['is one of them when the other is empty', [], ['a'], ['a']],
    ['keeps keys', [keyed('a', '1')], [keyed('a', '2')], [keyed('a', '1'), keyed('a', '2')]],
    ['has a key once', [keyed('a', '1'), 'b'], ['b', keyed('a', '1')], [keyed('a', '1'), 'b']],
    ['of too many keys is their relation', keys(0, 20), keys(20, 40), ['app.t']],
    [
      'of too many relations is everything',
      Array.from({ length: 30 }, (_, i) => `a${i}`),
      Array.from({ length: 30 }, (_, i) => `b${i}`),
      'everything',
    ],
  ])('%s', (_what, one, other, both) => {
    expect(union(one, other)).toEqual(both)
    expect(union(other, one).length).toBe(both.length)
  })
})
