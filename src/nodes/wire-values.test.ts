import { expect, it } from 'vitest'
import { wireValues } from './wire-values.ts'

it('values that convert by themselves are sent as they are, whatever the caller does with his array', () => {
  const values = [1, 'a', true, null, undefined, 5n]
  const sent = wireValues(values)
  values[0] = 2
  expect(sent).toEqual([1, 'a', true, null, undefined, 5n])
})

it('others are converted as node-postgres does, once and before anything is sent', () => {
  let asked = 0
  const own = { toPostgres: () => `own ${(asked += 1)}` }
  const values = wireValues([own, { a: 1 }, [1, 2], Buffer.from('x'), 7])
  expect(values).toEqual(['own 1', '{"a":1}', '{"1","2"}', Buffer.from('x'), '7'])
  expect(wireValues(values)).toEqual(values)
  expect(asked).toBe(1)
})

it('an error of a conversion is thrown', () => {
  const broken = {
    toPostgres(): never {
      throw new Error('no such value')
    },
  }
  expect(() => wireValues([broken])).toThrow('no such value')
})
