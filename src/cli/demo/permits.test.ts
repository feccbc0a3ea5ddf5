import { expect, it } from 'vitest'
import { Permits } from './permits.ts'

it('lets only so many work at a time, in the order in which they came, and goes on after a failure', async () => {
  const permits = new Permits(2)
  const started: number[] = []
  const finish: (() => void)[] = []
  const works = [0, 1, 2, 3].map((number) =>
    permits.run(async () => {
      started.push(number)
      await new Promise<void>((resolve) => finish.push(resolve))
      if (number === 0) throw new Error('broken')
    }),
  )
  const outcomes = Promise.allSettled(works)
  expect(started).toEqual([0, 1])
  finish[0]?.()
  await expect(works[0]).rejects.toThrow('broken')
  expect(started).toEqual([0, 1, 2])
  finish[1]?.()
  await works[1]
  expect(started).toEqual([0, 1, 2, 3])
  finish[2]?.()
  finish[3]?.()
  await outcomes

  // None was lost, and none came from nowhere.
  const later = [4, 5, 6].map((number) => permits.run(async () => void started.push(number)))
  expect(started).toEqual([0, 1, 2, 3, 4, 5])
  await Promise.all(later)
})
