import { expect, test } from 'vitest'
import { shortcomings } from './promise.ts'
import { runConsistency } from './run.ts'

// Short versions: `npm run proof:consistency` runs a million operations.

test('no session sees less than promised while replicas stop, die and come back, and the primary is replaced', async ({
  annotate,
}) => {
  const figures = await runConsistency({
    operations: 6_000,
    consistency: 'causal',
    callers: 32,
    promotes: true,
    seed: 1,
  })
  await annotate(JSON.stringify(figures))
  expect(figures.examples).toEqual([])
  expect(shortcomings(figures)).toEqual([])
  expect(figures.promotions).toBe(1)
}, 120_000)

test('nor while commits wait for synchronous standbys, and replicas show them long before the primary does', async ({
  annotate,
}) => {
  const figures = await runConsistency({
    operations: 2_500,
    consistency: 'causal',
    callers: 32,
    promotes: false,
    isSynchronous: true,
    seed: 1,
  })
  await annotate(JSON.stringify(figures))
  expect(figures.examples).toEqual([])
  expect(shortcomings(figures)).toEqual([])
}, 120_000)

test('nor where the replicas share one address, which leads to the new primary, too', async ({
  annotate,
}) => {
  const figures = await runConsistency({
    operations: 3_000,
    consistency: 'causal',
    callers: 16,
    promotes: true,
    isBalanced: true,
    seed: 1,
  })
  await annotate(JSON.stringify(figures))
  expect(figures.examples).toEqual([])
  expect(figures).toMatchObject({ total: 0, promotions: 1 })
  expect(figures.boundReads).toBeGreaterThan(0.2 * figures.operations)
  // Many connections lead to the one that does not replay: fewer reads find another than where each has an address.
  expect(figures.offThePrimary).toBeGreaterThan(0.1)
}, 120_000)

test('without floors the checker finds reads that are too old', async ({ annotate }) => {
  const figures = await runConsistency({
    operations: 5_000,
    consistency: 'eventual',
    callers: 32,
    promotes: false,
    seed: 1,
  })
  await annotate(JSON.stringify(figures))
  const { violations } = figures
  expect(violations['read-your-writes']).toBeGreaterThan(0)
  expect(violations['monotonic-reads']).toBeGreaterThan(0)
  // What others did before their writes is met less often.
  expect(violations['monotonic-writes'] + violations['writes-follow-reads']).toBeGreaterThan(0)
}, 120_000)
