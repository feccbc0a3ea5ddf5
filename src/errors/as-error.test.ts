import { expect, test } from 'vitest'
import { asError } from './as-error.ts'

const error = new TypeError('x')

test.each<[unknown, string]>([
  [error, 'x'],
  ['text', 'text'],
  [undefined, 'undefined'],
  [Symbol('mark'), 'Symbol(mark)'],
  [Object.create(null), 'an object'],
  [{ toString: 1, valueOf: 1 }, 'an object'],
  [[Symbol('mark')], 'an array'],
])('%o becomes an error', (thrown, message) => {
  expect(asError(thrown).message).toBe(message)
})

test('an error stays the same', () => {
  expect(asError(error)).toBe(error)
})
