import { expect, it } from 'vitest'
import { Ramp } from './ramp.ts'

function weights(ramp: Ramp, servers: string, nowMs: number): string {
  return [...ramp.weightsAt(servers.split(' '), nowMs)]
    .map(([name, weight]) => `${name} ${weight}`)
    .join(', ')
}

it('gives those that are there first their full weight, and raises that of later ones', () => {
  const ramp = new Ramp(1000)
  expect(weights(ramp, 'a b', 50)).toBe('a 1, b 1')
  expect(weights(ramp, 'a b c', 100)).toBe('a 1, b 1, c 0.1')
  expect(weights(ramp, 'a b c', 350)).toBe('a 1, b 1, c 0.2')
  expect(weights(ramp, 'a b c', 1099)).toBe('a 1, b 1, c 0.9')
  expect(weights(ramp, 'a b c', 1100)).toBe('a 1, b 1, c 1')
  expect(weights(ramp, 'a b c', 99_000)).toBe('a 1, b 1, c 1')
})

it('begins again with one that has been away', () => {
  const ramp = new Ramp(1000)
  weights(ramp, 'a b', 0)
  expect(weights(ramp, 'a', 10)).toBe('a 1')
  expect(weights(ramp, 'a b', 20)).toBe('a 1, b 0.1')
})
