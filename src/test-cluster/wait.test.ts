import { expect, test } from 'vitest'
import { until } from './wait.ts'

test('gives what the probe gives when it is no longer undefined', async () => {
  let calls = 0
  expect(await until('the third call', 1_000, () => ((calls += 1) === 3 ? 'third' : undefined))).toBe('third')
  expect(calls).toBe(3)
})

test('looks once even when there is no time', async () => {
  expect(await until('nothing', 0, () => 1)).toBe(1)
})

test('false and null are answers', async () => {
  expect([await until('', 0, () => false), await until('', 0, () => null)]).toEqual([false, null])
})

test('says what it waited for', async () => {
  await expect(until('Godot', 1, () => undefined)).rejects.toMatchObject({
    code: 'SWITCHYARD_TEST_CLUSTER',
    message: 'timed out after 1 ms waiting for Godot',
  })
})
