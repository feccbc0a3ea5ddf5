import { expect, test } from 'vitest'
import { runStall } from '../proofs/stall-run.ts'

test('a replica that stalls costs each caller one readTimeoutMs, once, and no read', async ({ annotate }) => {
  const figures = await runStall({ callers: 16, readTimeoutMs: 1_000, quietMs: 700 })
  await annotate(JSON.stringify(figures))
  expect(figures).toMatchObject({ failed: 0, errors: {} })
  // Reads were under way when it stalled.
  expect(figures.delayed).toBeGreaterThan(0)
  expect(figures.delayedPerCaller).toBe(1)
  // Once, and never twice: what comes on top is what a busy machine takes.
  expect(figures.maxMs).toBeLessThan(2_000)
  // Once it is out, nobody is held up any more.
  expect(figures.latenciesWithout.maxMs).toBeLessThan(900)
})
