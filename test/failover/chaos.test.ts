import { expect, test } from 'vitest'
import { startCluster } from '../../src/test-cluster/index.ts'
import { runChaos } from '../proofs/kills-run.ts'

test('replicas that are killed and restarted in turn cost no read', async ({ annotate }) => {
  await using cluster = await startCluster({ replicas: 2 })
  const figures = await runChaos(cluster, { callers: 16, seconds: 4, leastKills: 3, everyMs: 1_500 })
  await annotate(JSON.stringify(figures))
  expect(figures).toMatchObject({ failed: 0, errors: {} })
  expect(figures.reads).toBeGreaterThan(1_000)
  expect(figures.kills).toBeGreaterThan(2)
  expect(figures.offThePrimary).toBeGreaterThan(0.5)
}, 60_000)
