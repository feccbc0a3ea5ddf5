import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meets } from '../catalog/footprint.ts'
import { RelationFloors } from './relation-floors.ts'
import { partsOf, type RelationKey, type Touched } from './touched.ts'

const keyed = (relation: string, key: string): RelationKey => ({ relation, key })

/** Whether two sets meet, by the definition. */
function areMet(changed: Touched, shown: Touched): boolean {
  if (changed === 'everything') return true
  if (shown === 'everything') return changed.length > 0
  return changed.some((one) =>
    shown.some((other) => {
      const [[relation, key], [otherRelation, otherKey]] = [partsOf(one), partsOf(other)]
      const areKeysApart = key !== undefined && otherKey !== undefined && key !== otherKey
      return !areKeysApart && meets([relation], [otherRelation])
    }),
  )
}

describe('RelationFloors', () => {
  it.each<[what: string, changed: Touched, shown: Touched, meet: boolean]>([
    ['the same relation', ['app.t'], ['app.t'], true],
    ['another relation', ['app.t'], ['app.u'], false],
    ['one of the same name in another schema', ['app.t'], ['other.t'], false],
    ['a change of a name in any schema', ['t'], ['app.t'], true],
    ['a read of a name in any schema', ['app.t'], ['t'], true],
    ['a name in any schema, both', ['t'], ['t'], true],
    ['one of several', ['app.a', 'app.b'], ['x', 'b'], true],
    ['a name that ends with the other', ['app.list'], ['st'], false],
    ['quoted names', ['"My app"."T.x"'], ['"T.x"'], true],
    ['a dot within a name', ['app."a.b"'], ['b'], false],
    ['quotes within a name', ['app."a"".""b"'], ['"a"".""b"'], true],
    ['quotes within a name, in part', ['app."a"".""b"'], ['"b"'], false],
    ['the same key', [keyed('app.t', '7')], [keyed('app.t', '7')], true],
    ['another key', [keyed('app.t', '7')], [keyed('app.t', '8')], false],
    ['a key of another relation', [keyed('app.t', '7')], [keyed('app.u', '7')], false],
    ['a key that begins like another', [keyed('app.t', '7')], [keyed('app.t', '77')], false],
    ['a key of the same name in another schema', [keyed('app.t', '7')], [keyed('b.t', '7')], false],
    ['a key of a name in any schema', [keyed('t', '7')], [keyed('app.t', '7')], true],
    ['a key, shown by a name in any schema', [keyed('app.t', '7')], [keyed('t', '7')], true],
    ['a key, and the whole relation', [keyed('app.t', '7')], ['app.t'], true],
    ['a key, and any relation of that name', [keyed('app.t', '7')], ['t'], true],
    ['the whole relation, and a key', ['app.t'], [keyed('app.t', '7')], true],
    ['any relation of that name, and a key', ['t'], [keyed('app.t', '7')], true],
    ['a key, and everything', [keyed('app.t', '7')], 'everything', true],
    ['a key that looks like all keys', [keyed('app.t', '*')], ['app.t'], true],
    ['everything changed', 'everything', ['app.t'], true],
    ['everything changed, for a read that shows no relation', 'everything', [], true],
    ['everything shown', ['app.t'], 'everything', true],
    ['nothing changed', [], 'everything', false],
    ['nothing shown', ['app.t'], [], false],
  ])('%s', (_what, changed, shown, meet) => {
    const floors = new RelationFloors()
    floors.raise(changed, 5)
    expect(floors.latest(shown)).toBe(meet ? 5 : -Infinity)
  })

  it('after a change of the schema counts earlier changes for every read', () => {
    const floors = new RelationFloors()
    floors.raise(['a'], 5)
    expect(floors.latest(['b'])).toBe(-Infinity)
    floors.schemaChanged(10)
    expect(floors.latest(['b'])).toBe(5)
  })

  it('holds reads that leave out changes to the schema by which they do', () => {
    const floors = new RelationFloors()
    floors.schemaChanged(10)
    expect([floors.latest(['b']), floors.latest('everything')]).toEqual([-Infinity, -Infinity])
    floors.raise(['a'], 20)
    expect([floors.latest(['a']), floors.latest(['b']), floors.latest([])]).toEqual([20, 10, 10])
    floors.schemaChanged(30)
    // A replica that shows all changes need not show all of the schema.
    expect([floors.latest(['b']), floors.latest('everything')]).toEqual([20, 20])
    floors.raise(['a'], 40)
    expect([floors.latest(['b']), floors.latest('everything')]).toEqual([30, 40])
  })

  it('holds the latest change of each relation', () => {
    const floors = new RelationFloors()
    floors.raise(['a'], 1)
    floors.raise(['b'], 2)
    floors.raise(['a'], 3)
    floors.raise(['a'], 2)
    expect([['a'], ['b'], ['a', 'b']].map((shown) => floors.latest(shown))).toEqual([3, 2, 3])
  })

  it('holds every read to what was forgotten', () => {
    const floors = new RelationFloors()
    floors.raise(['a'], 1)
    floors.raise(['b'], 2)
    floors.raise(['c'], 3)
    floors.forget(0)
    expect(floors.latest(['d'])).toBe(-Infinity)
    floors.forget(2)
    expect([['a'], ['b'], ['c'], ['d'], []].map((shown) => floors.latest(shown))).toEqual([2, 2, 3, 2, 2])
    floors.forget(5)
    expect(floors.size).toBe(0)
    expect([['a'], ['c'], ['d']].map((shown) => floors.latest(shown))).toEqual([3, 3, 3])
  })

  it('keeps few changes while replicas follow', () => {
    const floors = new RelationFloors()
    for (let i = 0; i < 10_000; i++) {
      floors.raise([keyed('app.t', String(i))], i)
      if (i % 100 === 0) floors.forget(i - 50)
    }
    expect(floors.size).toBeLessThan(1000)
    expect(floors.latest([keyed('app.t', '9999')])).toBe(9999)
    expect(floors.latest([keyed('app.t', '9000')])).toBe(9850)
  })

  it('is bounded: the oldest changes count for every read', () => {
    const floors = new RelationFloors()
    for (let i = 0; i < 100_000; i++) floors.raise([`app.t${i}`], i)
    expect(floors.size).toBeLessThan(20_000)
    expect(floors.latest(['app.t99999'])).toBe(99_999)
    expect(floors.latest(['app.t0'])).toBeGreaterThan(80_000)
    expect(floors.latest(['app.t0'])).toBeLessThan(99_999)
  })

  it('tells of each change that is not the oldest, however many follow', () => {
    const floors = new RelationFloors()
    const untold: number[] = []
    for (let i = 0; i < 20_000; i++) {
      floors.raise([`app.t${i}`], i)
      const before = i >> 1
      if (floors.latest([`app.t${before}`]) < before) untold.push(before)
    }
    expect(untold).toEqual([])
  })

  it('holds the latest change of each key', () => {
    const floors = new RelationFloors()
    floors.raise([keyed('a', '1')], 3)
    floors.raise([keyed('a', '1')], 2)
    expect(floors.latest([keyed('a', '1')])).toBe(3)
  })

  it('never tells less than the changes that a read meets', () => {
    const relation = fc.constantFrom('a.t', 'b.t', 't', 'a.u', 'u', '"A"."t"', 'a."t.u"', '"t.u"')
    const key = fc.option(fc.constantFrom('1', '2', '*', ''), { nil: undefined })
    const name = fc
      .tuple(relation, key)
      .map(([ofRelation, ofKey]) => (ofKey === undefined ? ofRelation : keyed(ofRelation, ofKey)))
    const touched = fc.oneof(
      { weight: 9, arbitrary: fc.uniqueArray(name, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.constant('everything' as const) },
    )
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ changed: touched }) },
      { weight: 1, arbitrary: fc.record({ forgotten: fc.nat(20) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), touched, (steps, shown) => {
        const floors = new RelationFloors()
        let needed = -Infinity
        for (const [atMs, each] of steps.entries()) {
          if ('forgotten' in each) floors.forget(each.forgotten)
          else {
            floors.raise(each.changed, atMs)
            if (areMet(each.changed, shown)) needed = atMs
          }
        }
        expect(floors.latest(shown)).toBeGreaterThanOrEqual(needed)
      }),
      { numRuns: 2000 },
    )
  })
})
