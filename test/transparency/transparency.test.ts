import { Pool as PgPool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { compare } from '../proofs/transparency-figures.ts'
import type { Run } from '../proofs/transparency-run.ts'
import { WAITING, poolOver } from '../support/routed-pool.ts'
import { runOnNewDatabase } from '../support/scripts.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let bare: readonly Run[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  bare = await runOnNewDatabase(
    cluster,
    'bare',
    (database) => new PgPool({ ...cluster.primary.config, database }),
  )
})

afterAll(() => cluster?.stop())

describe.each(['lazy', 'eager'] as const)('a client of a routed pool, %s', (checkout) => {
  test('answers as one of pg.Pool does, and reads from replicas', async () => {
    const routed = await runOnNewDatabase(cluster, checkout, (database) => {
      const replicas = cluster.replicas.map(({ config }) => ({ ...config, database }))
      return poolOver(cluster, { database, replicas, checkout, ...WAITING })
    })
    const found = compare(bare, bare, routed)
    expect(found.differences).toEqual([])
    expect(found.moved).toBeGreaterThan(10)
  })
})
