import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { sharedCluster } from '../../support/shared-cluster.ts'
import { manyCallers } from './callers.ts'
import { manyChanges } from './changes.ts'
import { limitGround } from './limit.ts'
import { manySessions } from './sessions.ts'
import { manyStatements } from './statements.ts'

// `npm run proof:limits` goes further.

/** Time on a machine that has other work. */
const LONG = { timeout: 120_000 }

let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2, settings: { max_connections: 200 } })
  await limitGround(cluster)
})
afterAll(() => cluster?.stop())

test('many callers share few connections in the order in which they come', LONG, async () => {
  // A process of a server that has to wait for a processor costs its caller some 100 places, however many there are.
  expect((await manyCallers(cluster, { callers: 3_000, connections: 10 })).broken).toEqual([])
})

test('sessions that have ended leave nothing', LONG, async () => {
  expect((await manySessions(cluster, { sessions: 20_000, live: 2_000 })).broken).toEqual([])
})

test('different statements fill caches, and no more', LONG, async () => {
  // So small that it is full behind the warm-up.
  const options = { statementCacheBytes: 1_048_576 }
  expect((await manyStatements(cluster, { statements: 20_000, options })).broken).toEqual([])
})

test('nodes that are gone leave nothing', LONG, async () => {
  expect((await manyChanges(cluster, { changes: 250, everyMs: 10 })).broken).toEqual([])
})
