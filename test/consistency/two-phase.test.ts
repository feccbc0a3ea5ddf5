import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady, shownByReplica } from '../support/routed-pool.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  const settings = { max_prepared_transactions: 4 }
  cluster = await startClusterWith({ replicas: 1, settings }, 'CREATE TABLE note (what text)')
  pool = poolOver(cluster)
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

async function onClient(...texts: readonly string[]): Promise<void> {
  const client = await pool.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    client.release()
  }
}

it.each<[string, (text: string) => Promise<unknown>]>([
  ['a client', (text) => onClient(text)],
  ['a client after a transaction of its own', (text) => onClient('BEGIN', 'SELECT 1', 'COMMIT', text)],
  ['the pool', (text) => pool.query(text)],
])('reads show what a prepared transaction has written once %s commits it', async (what, commit) => {
  await replicasReady(pool)
  const name = what.replaceAll(' ', '-')
  await onClient('BEGIN', `INSERT INTO note VALUES ('${name}')`, `PREPARE TRANSACTION '${name}'`)
  const read = `SELECT what FROM note WHERE what = '${name}'`
  await cluster.caughtUp()
  await shownByReplica(pool, read)
  await cluster.replicas[0]?.pauseReplay()
  try {
    await commit(`COMMIT PREPARED '${name}'`)
    const { rows } = await pool.query(read)
    expect(rows).toEqual([{ what: name }])
  } finally {
    await cluster.replicas[0]?.resumeReplay()
  }
})
