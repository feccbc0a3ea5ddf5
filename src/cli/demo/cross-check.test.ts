import { describe, expect, it } from 'vitest'
import { compare } from './cross-check.ts'

describe('compare', () => {
  it.each([
    ['pg_stat_statements', 100, 0.9, 0.9, true],
    ['pg_stat_statements', 104, 0.9, 0.896, true],
    ['pg_stat_statements', 300, 0.9, 0.7, false],
    ['pg_stat_statements', 0, 0.9, 1, false],
    ['pg_stat_statements', 1000, 0.9, 0, false],
    ['pg_stat_database', 102, 0.9, 0.898, true],
    ['pg_stat_database', 5000, 0.9, 0, null],
  ] as const)(
    'with %s: %d of 1 000 reads on the primary, against an offload of %f',
    (method, onPrimary, offload, theirs, agrees) => {
      const check = compare(method, onPrimary, { reads: 1000, commits: 7, offload })
      expect(check).toEqual({
        method,
        reads: 1000,
        readsOnPrimary: onPrimary,
        offload: expect.closeTo(theirs, 6) as number,
        agrees,
      })
    },
  )

  it('has nothing against no reads at all', () => {
    expect(compare('pg_stat_statements', 0, { reads: 0, commits: 0, offload: 0 }).agrees).toBe(true)
  })
})
