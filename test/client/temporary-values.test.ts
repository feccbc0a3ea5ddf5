import Cursor from 'pg-cursor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'

/** A permanent table, and a row that names it; the client's temporary table of the same name is another relation. */
const GROUND = `${itemsTable(5)};
  create table scratch (id int);
  create table watched (relations regclass[]);
  insert into watched values (array['scratch'::regclass])`
const NAMED = 'select count(*)::int as n from watched where relations = $1'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, GROUND)
  pool = poolOver(cluster, { probeIntervalMs: 100 })
  await replicasReady(pool)
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

test('a cursor whose values name a temporary table reads where that is', async () => {
  const client = await pool.connect()
  try {
    await client.query('create temp table scratch (id int)')
    expect((await client.query(NAMED, ['{scratch}'])).rows).toEqual([{ n: 0 }])
    const cursor = client.query(new Cursor(NAMED, ['{scratch}']))
    expect(await cursor.read(10)).toEqual([{ n: 0 }])
    await cursor.close()
  } finally {
    client.release()
  }
})
