import { expect, test } from 'vitest'
import { runLag } from '../proofs/lag-run.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

test('lag is told as it is, give or take a probe', async ({ annotate }) => {
  await using cluster = await sharedCluster({ replicas: 1 })
  const figures = await runLag(cluster, { trials: 5, probeIntervalMs: 100, longestMs: 600 })
  await annotate(JSON.stringify(figures))
  expect(figures.unknown).toBe(0)
  expect(figures.maxErrorMs).toBeLessThan(150)
  // It is not told as none.
  expect(figures.medianErrorMs).toBeLessThan(100)
})
