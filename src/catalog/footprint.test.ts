import { expect, test } from 'vitest'
import { meets, withoutChanges, type RelationSet } from './footprint.ts'

const ALL = 'everything'

test.each<readonly [changes: RelationSet, shows: RelationSet, meets: boolean]>([
  [[], [], false],
  [[], ALL, false],
  [[], ['t'], false],
  [['t'], [], false],
  [['t'], ['t'], true],
  [['t'], ['u'], false],
  [['t', 'u'], ['v', 'u'], true],
  [['t'], ALL, true],
  // It may have changed the schema.
  [ALL, [], true],
  [ALL, ['t'], true],
  // Without a schema a name stands for those in all schemas.
  [['a.t'], ['a.t'], true],
  [['a.t'], ['b.t'], false],
  [['a.t'], ['t'], true],
  [['t'], ['a.t'], true],
  [['a.tt'], ['t'], false],
  [['at'], ['t'], false],
  [['a."x.t"'], ['t'], false],
  [['a."x.t"'], ['"x.t"'], true],
  [['"a.t"'], ['t'], false],
])('%j meets %j: %s', (changes, shows, expected) => {
  expect(meets(changes, shows)).toBe(expected)
})

test('a statement that is proven to change nothing shows its keys, and changes none', () => {
  const proof = { relation: 'a.t', columns: [] }
  const footprint = { changes: ['a.t'], shows: ['a.t'], changedKeys: [proof], shownKeys: [proof] }
  expect(withoutChanges(footprint)).toEqual({ changes: [], shows: ['a.t'], shownKeys: [proof] })
})
