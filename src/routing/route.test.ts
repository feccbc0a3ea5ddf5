import { expect, it } from 'vitest'
import { positionToAsk, type Freshness, type Route } from './route.ts'

const position = { systemIdentifier: '7000', timeline: 1, lsn: 0x2000n }
const read = (freshness: Freshness): Route => ({ role: 'replica', reason: 'read', freshness })

it.each<[string, Route, typeof position | undefined]>([
  ['the position that its session needs', read({ position }), position],
  ['with a bound that the plan has checked', read({ position, maxStalenessMs: 5 }), position],
  ['nothing where it needs none', read({}), undefined],
  ['nothing where a position does not prove the time', read({ position, sinceMs: 5 }), undefined],
  ['nothing where others have shown more', read({ position, after: [] }), undefined],
  ['nothing on the primary', { role: 'primary', reason: 'strong' }, undefined],
])('a replica is requested for %s', (_name, route, expected) => {
  expect(positionToAsk(route)).toEqual(expected)
})
