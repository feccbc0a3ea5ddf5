import { expect, it } from 'vitest'
import { uncaughtDuring } from '../../test/support/uncaught.ts'
import { guarded } from './guarded.ts'

it('a callback is called with what it is given', () => {
  const seen: unknown[] = []
  guarded((...args: readonly unknown[]) => void seen.push(args))('a', 1)
  expect(seen).toEqual([['a', 1]])
})

it('its error is not passed on, and is not lost', async () => {
  const error = new Error('mine')
  const callback = guarded(() => {
    throw error
  })
  const uncaught = await uncaughtDuring(() => expect(callback).not.toThrow())
  expect(uncaught).toEqual([error])
})
