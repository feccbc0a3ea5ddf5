import { describe, expect, it } from 'vitest'
import { observed } from '../../test/support/views.ts'
import { nextCatchUp } from './catch-up.ts'
import type { CatchUpBounds } from './lag-clock.ts'

const of = (serverIdentity: string): ReturnType<typeof observed> =>
  observed('replica', '0/1000', { serverIdentity })

describe('the estimate of catching up', () => {
  it.each<readonly [what: string, known: number | undefined, bounds: CatchUpBounds | undefined, ms: number]>([
    ['begins at the lower bound', undefined, { leastMs: 7, mostMs: 500 }, 7],
    ['grows to the lower bound', 3, { leastMs: 20, mostMs: 500 }, 20],
    ['shrinks to the upper bound', 40, { leastMs: 0, mostMs: 22 }, 22],
    ['is not moved by loose bounds', 20, { leastMs: 0, mostMs: 500 }, 20],
    ['is not moved where positions cannot be compared', 20, undefined, 20],
    ['loses a backlog that is over', 30_000, { leastMs: 0, mostMs: Infinity, caughtUpMs: 10 }, 50],
    [
      'loses it as far as is known with a distant probe',
      30_000,
      { leastMs: 0, mostMs: Infinity, caughtUpMs: 400 },
      400,
    ],
    ['keeps a usual delay on an idle primary', 20, { leastMs: 0, mostMs: Infinity, caughtUpMs: 400 }, 20],
  ])('%s', (_what, known, bounds, ms) => {
    const last = known === undefined ? undefined : { serverIdentity: 'a', ms: known }
    expect(nextCatchUp(last, of('a'), bounds)).toEqual({ serverIdentity: 'a', ms })
  })

  it('ends with the start of the server that it was made of', () => {
    const last = { serverIdentity: 'a', ms: 30_000 }
    expect(nextCatchUp(last, of('a, started again'), { leastMs: 0, mostMs: 500 })?.ms).toBe(0)
    expect(nextCatchUp(last, of('a, started again'), undefined)).toBeUndefined()
  })
})
