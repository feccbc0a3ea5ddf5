import { expect, test } from 'vitest'
import { runPromotion } from '../proofs/promotion-run.ts'

test.each([
  ['the primary was killed', 'crash'],
  ['the primary was stopped in order, there and back', 'switchover'],
] as const)(
  'a promotion under load keeps every promise: %s',
  async (_, manner) => {
    const figures = await runPromotion({ manner, callers: 16, quietMs: 700 })
    expect(figures).toMatchObject({ lost: 0, doubled: 0, denied: 0, strange: 0 })
    expect(figures).toMatchObject({ failedReads: 0, readErrors: {}, staleReads: 0 })
    expect(figures.acknowledged).toBeGreaterThan(100)
    // Writes that were committed, though nobody could be told: sent again, they would be there twice.
    if (manner === 'crash') expect(figures.unknownPresent).toBeGreaterThan(0)
    expect(figures.takeovers).toHaveLength(manner === 'crash' ? 1 : 2)
    for (const takeover of figures.takeovers) expect(takeover.acceptedToAcknowledgedMs).toBeLessThan(1_000)
  },
  60_000,
)
