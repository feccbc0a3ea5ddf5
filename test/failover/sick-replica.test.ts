import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import QueryStream from 'pg-query-stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { smoothWeightedRoundRobin } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith, Tally } from '../support/ground.ts'
import { ask } from '../support/servers.ts'

// A replica that has lost a file fails the reads that need it. Nobody else does.

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 2 },
    itemsTable(10),
    'create table everywhere (id int); insert into everywhere values (1)',
  )
  await loseFile(cluster.replicas[0], 'items')
})

afterAll(() => cluster?.stop())

const open = poolsForTests(() => cluster, { probeIntervalMs: 100 })

async function loseFile(node: ClusterNode | undefined, table: string): Promise<void> {
  if (node === undefined) throw new Error('There is no such replica')
  // What is replayed after the start must not make the file again.
  await ask(cluster.primary.config, 'checkpoint')
  await cluster.caughtUp()
  await ask(node.config, 'checkpoint')
  const sql = `select current_setting('data_directory') as directory, pg_relation_filepath('${table}') as path`
  const [row] = await ask(node.config, sql)
  await node.stop('fast')
  await rm(join(String(row?.['directory']), String(row?.['path'])))
  await node.start()
  await expect(ask(node.config, `select * from ${table}`)).rejects.toMatchObject({ code: '58P01' })
}

it('reads move on to the healthy replica, the node’s record shows it, and an event reports it', async () => {
  const pool = await open({ balancer: smoothWeightedRoundRobin() })
  const sick: unknown[] = []
  const ejected: unknown[] = []
  pool.events.on('nodeSick', ({ node, cause }) => sick.push([node, Reflect.get(cause, 'code')]))
  pool.events.on('nodeEjected', ({ node }) => ejected.push(node))
  const tally = new Tally(pool)
  for (let i = 0; i < 100; i++) {
    expect((await pool.query('select label from items where id = 3')).rows).toEqual([{ label: 'item 3' }])
  }
  const [onPrimary, onSick, onHealthy] = tally.reads()
  expect([onPrimary, onSick, onHealthy]).toEqual([0, 0, 100])
  const id = pool.stats().nodes[1]?.id
  expect(sick[0]).toEqual([id, '58P01'])
  expect(ejected).toContain(id)
  // As a rule it is left alone by then.
  expect(tally.queries()[1]).toBeLessThan(30)
})

it('streams and read-only transactions move on too', async () => {
  const pool = await open()
  const client = await pool.connect()
  for (let i = 0; i < 8; i++) {
    const rows = await client.query(new QueryStream('select id from items order by id')).toArray()
    expect(rows).toHaveLength(10)
    await client.query('begin read only')
    expect((await client.query('select id from items')).rows).toHaveLength(10)
    await client.query('commit')
  }
  client.release()
})

it('the primary answers a read that fails on all replicas', async () => {
  await loseFile(cluster.replicas[0], 'everywhere')
  await loseFile(cluster.replicas[1], 'everywhere')
  const pool = await open()
  const sick = new Set<unknown>()
  pool.events.on('nodeSick', ({ node }) => sick.add(node))
  for (let i = 0; i < 20; i++) {
    expect((await pool.query('select id from everywhere')).rows).toEqual([{ id: 1 }])
  }
  expect(sick.size).toBe(2)
})

it('a failure on every node is the statement’s error, and ejects no node', async () => {
  const pool = await open({ options: '-c temp_file_limit=64kB -c work_mem=64kB' })
  const told: unknown[] = []
  pool.events.on('nodeSick', (event) => told.push(event))
  pool.events.on('nodeEjected', (event) => told.push(event))
  const large = `select count(*) from (select repeat(md5(n::text), 99) from generate_series(1, 5000) n order by 1 offset 0) s`
  for (let i = 0; i < 20; i++) {
    await expect(pool.query(large)).rejects.toMatchObject({ code: '53400' })
  }
  expect(told).toEqual([])
})
