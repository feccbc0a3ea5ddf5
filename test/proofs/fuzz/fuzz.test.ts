import { expect, test } from 'vitest'
import { runFuzz } from './run.ts'
import { SECRET, type FuzzTarget } from './target.ts'
import { targets } from './targets.ts'

// `npm run proof:fuzz` gives each a million inputs.
test.each(targets.map((target) => [target.name, target] as const))('%s', async (_, target) => {
  const { findings } = await runFuzz(target, 1_500, 1)
  // Other tests run beside this one, and hold the machine for longer than any input does.
  expect(findings.filter(({ problem }) => !problem.startsWith('it took'))).toEqual([])
})

const flawed: readonly (readonly [string, FuzzTarget['take'], RegExp])[] = [
  ['an error without a code', () => fail(new TypeError('x')), /it threw TypeError/],
  ['a secret in an error', () => fail(new TypeError(SECRET)), /an error told the secret/],
  ['a secret in an answer', () => [{ password: SECRET }], /it gave the secret/],
  ['a changed prototype', () => Object.assign(Object.prototype, { polluted: 1 }), /a prototype has changed/],
  ['a rejection', async () => fail(new TypeError('x')), /it threw TypeError/],
]

test.each(flawed)('finds %s', async (_, take, expected) => {
  try {
    const target: FuzzTarget = { name: 'flawed', inputs: (dice) => () => dice.value(), take }
    const { findings } = await runFuzz(target, 3, 1)
    expect(findings[0]?.problem).toMatch(expected)
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted')
  }
})

function fail(error: Error): never {
  throw error
}
