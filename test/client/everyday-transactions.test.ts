import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { EVERYDAY, EVERYDAY_SCHEMA, story } from '../support/everyday.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

let cluster: Cluster
let bare: Client
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(20), EVERYDAY_SCHEMA)
  bare = new Client(cluster.primary.config)
  await bare.connect()
  pool = poolOver(cluster, { probeIntervalMs: 50, transactions: 'optimistic' })
})

beforeEach(() => replicasReady(pool))

afterAll(async () => {
  await Promise.all([bare?.end(), pool?.end()])
  await cluster?.stop()
})

const levels = ['read committed', 'repeatable read']
const beginnings = levels.flatMap((level) => [
  `begin isolation level ${level} read only`,
  `begin isolation level ${level}`,
])

describe.each(beginnings)('in %s', (begin) => {
  describe.each(['', 'select label from items where id = 1'])('behind "%s"', (first) => {
    it.each(EVERYDAY.map(([sql, varies]) => ({ sql, varies })))(
      '$sql: is answered as the primary answers it',
      async ({ sql, varies }) => {
        const compared = sql.includes('nextval') && !begin.endsWith('read only') ? 'varies' : varies
        const expected = await story(bare, begin, first, sql, compared)
        await bare.query('rollback')
        await bare.query('discard all')
        const client = await pool.connect()
        try {
          expect(await story(client, begin, first, sql, compared)).toEqual(expected)
        } finally {
          client.release(true)
        }
      },
    )
  })
})
