import { expect, test } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { Preparation, type PreparationOptions } from './preparation.ts'

/** Creates a preparation, and a log of the calls of its parts. */
function preparation(options: Partial<PreparationOptions> = {}): { one: Preparation; log: string[] } {
  const log: string[] = []
  const platform = Object.assign(new FakePlatform(), {
    holdOpen: () => {
      log.push('held')
      return () => void log.push('let go')
    },
  })
  const one = new Preparation({
    platform,
    steps: () => [Promise.resolve(log.push('step'))],
    problem: () => undefined,
    ...options,
  })
  return { one, log }
}

test('it is made once for all who wait, and holds the process open meanwhile', async () => {
  const { one, log } = preparation()
  expect(one.isDone).toBe(false)
  await Promise.all([one.run(), one.run()])
  expect([one.isDone, log]).toEqual([true, ['held', 'step', 'let go']])
})

test('a step that fails is told to all who wait, lets the process go, and is tried again', async () => {
  let tries = 0
  const steps = (): readonly Promise<unknown>[] => {
    tries += 1
    return [tries === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve()]
  }
  const { one, log } = preparation({ steps })
  const outcomes = await Promise.allSettled([one.run(), one.run()])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect([tries, one.isDone, log]).toEqual([1, false, ['held', 'let go']])
  await one.run()
  expect([tries, one.isDone]).toEqual([2, true])
})

test('an error then is reported, and checked again', async () => {
  const problems = [new Error('two primaries'), undefined]
  const { one } = preparation({ problem: () => problems.shift() })
  await expect(one.run()).rejects.toThrow('two primaries')
  expect(one.isDone).toBe(false)
  await one.run()
  expect(one.isDone).toBe(true)
})
