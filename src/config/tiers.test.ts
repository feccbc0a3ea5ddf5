import { describe, expect, it } from 'vitest'
import { limitsOf, tiersOf } from './tiers.ts'

describe('the option "tiers"', () => {
  it('absent: none', () => {
    expect(tiersOf(undefined)).toBeUndefined()
  })

  it('defaults, and a tier for what names none, which waits as long as it takes', () => {
    expect(tiersOf({ batch: {} })).toEqual([
      {
        name: 'batch',
        share: 1,
        priority: 0,
        maxQueue: 100,
        maxWaitMs: 10_000,
        statementTimeoutMs: undefined,
        tags: undefined,
      },
      {
        name: 'default',
        share: 1,
        priority: 0,
        maxQueue: Infinity,
        maxWaitMs: undefined,
        statementTimeoutMs: undefined,
        tags: undefined,
      },
    ])
  })

  it('takes everything over, the default tier included', () => {
    const given = { share: 0.3, priority: 9, maxQueue: 0, maxWaitMs: 5, tags: { use: 'x' } }
    const tiers = tiersOf({ default: { ...given, statementTimeoutMs: 0.5 } })
    expect(tiers).toEqual([{ ...given, name: 'default', statementTimeoutMs: 1 }])
  })

  it.each([
    [[], 'Option "tiers" must be an object; received an array'],
    [{}, 'Option "tiers" must name at least one tier'],
    [{ api: 1 }, 'Option "tiers.api" must be an object; received 1'],
    [{ api: { shares: 1 } }, 'Unknown option "shares" of tiers.api. Did you mean "share"?'],
    [{ api: { share: 0 } }, '"tiers.api.share" must be a number above 0 and at most 1; received 0'],
    [{ api: { share: 1.1 } }, 'received 1.1'],
    [{ api: { priority: -1 } }, '"tiers.api.priority"'],
    [{ api: { priority: 1.5 } }, 'must be an integer from 0 to 9; received 1.5'],
    [{ api: { maxQueue: '5' } }, '"tiers.api.maxQueue"'],
    [{ api: { maxWaitMs: 0 } }, '"tiers.api.maxWaitMs" must be a number above 0'],
    [{ api: { statementTimeoutMs: Number.NaN } }, '"tiers.api.statementTimeoutMs"'],
    [{ api: { tags: 'reports' } }, '"tiers.api.tags" must be an object whose values are strings'],
  ])('%j is refused', (given, message) => {
    expect(() => tiersOf(given)).toThrow(message)
  })

  it.each([
    [5, 0.2, 1],
    [10, 0.5, 5],
    [1, 0.1, 1],
    [0, 1, 0],
  ])('of %d places on the primary in place of replicas a share of %d is %d', (places, share, expected) => {
    const limits = {
      readTimeoutMs: 1,
      failoverTimeoutMs: 2,
      catchUpTimeoutMs: 3,
      primarySpill: { places, over: 'wait' as const },
    }
    expect(limitsOf(limits, undefined)).toBe(limits)
    const [tier] = tiersOf({ api: { share } }) ?? []
    expect(limitsOf(limits, tier)).toEqual({ ...limits, primarySpill: { places: expected, over: 'wait' } })
  })
})
