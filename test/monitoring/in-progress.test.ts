import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { IN_PROGRESS_SQL, readInProgress } from '../../src/topology/in-progress.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 0, settings: { max_prepared_transactions: 2 } }, itemsTable(2))
})
afterAll(() => cluster?.stop())

async function listed(): Promise<readonly string[] | undefined> {
  const client = new pg.Client(cluster.primary.config)
  await client.connect()
  const { rows } = await client.query<(string | null)[]>({ text: IN_PROGRESS_SQL, rowMode: 'array' })
  await client.end()
  return readInProgress(rows[0])?.ids
}

/** Begins a transaction that writes. Returns its id, and what ends it. */
async function begin(): Promise<{ readonly id: string; readonly end: () => Promise<void> }> {
  const client = new pg.Client(cluster.primary.config)
  await client.connect()
  await client.query('begin')
  const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id')
  const end = async (): Promise<void> => {
    await client.query('commit')
    await client.end()
  }
  return { id: rows[0]?.id ?? '', end }
}

it('lists every transaction in progress, also those that began after the last one that has ended', async () => {
  expect(await listed()).toEqual([])
  const first = await begin()
  expect(await listed()).toEqual([first.id])
  const second = await begin()
  expect(await listed()).toEqual([first.id, second.id])
  await ask(cluster.primary.config, 'insert into items values (3)')
  expect((await listed())?.toSorted()).toEqual([first.id, second.id].toSorted())
  const third = await begin()
  expect((await listed())?.toSorted()).toEqual([first.id, second.id, third.id].toSorted())
  for (const { end } of [first, third, second]) await end()
  expect(await listed()).toEqual([])
})

it('lists a prepared transaction', async () => {
  const client = new pg.Client(cluster.primary.config)
  await client.connect()
  await client.query('begin')
  const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id')
  await client.query("prepare transaction 'p'")
  expect(await listed()).toEqual([rows[0]?.id])
  await client.query("commit prepared 'p'")
  expect(await listed()).toEqual([])
  await client.end()
})
