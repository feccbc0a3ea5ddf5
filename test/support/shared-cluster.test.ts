import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { ask } from './servers.ts'
import { sharedCluster, stateOf } from './shared-cluster.ts'

let cluster: Cluster
let replica: ClusterNode
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  replica = cluster.replicas[0] as ClusterNode
})
afterAll(() => cluster?.stop())

const pidsOf = ({ nodes }: Cluster): unknown[] => nodes.map(({ pid }) => pid)

describe('the state of a server', () => {
  test.each([
    ['a setting', "alter system set work_mem = '9MB'", 'alter system reset work_mem'],
    ['a setting of a role', "alter role postgres set work_mem = '9MB'", 'alter role postgres reset all'],
    ['a role', 'create role somebody', 'drop role somebody'],
    ['a slot', "select pg_create_physical_replication_slot('s')", "select pg_drop_replication_slot('s')"],
    ['a database', 'create database another', 'drop database another'],
    ['an object of the template', 'create table stays ()', 'drop table stays'],
    [
      'a privilege',
      'grant set on parameter log_statement to public',
      'revoke set on parameter log_statement from public',
    ],
  ])('is another with %s, and the same without it', async (_what, change, undo) => {
    const config = { ...cluster.primary.config, database: 'template1' }
    const before = await stateOf(config)
    await ask(config, change)
    const changed = await stateOf(config)
    await ask(config, undo)
    expect([changed === before, await stateOf(config)]).toEqual([false, before])
  })

  test('is another while replay is paused', async () => {
    const before = await stateOf(replica.config)
    await replica.pauseReplay()
    const changed = await stateOf(replica.config)
    await replica.resumeReplay()
    expect([changed === before, await stateOf(replica.config)]).toEqual([false, before])
  })
})

test('the next file gets the same servers, and nothing of the last one', async () => {
  const pids = pidsOf(cluster)
  const { config } = cluster.primary
  await ask(
    config,
    'create table left_behind (id int); create role left_behind; grant all on left_behind to left_behind',
  )
  await ask(config, 'create database left_behind')
  await cluster.stop()
  cluster = await sharedCluster({ replicas: 1 })
  expect(pidsOf(cluster)).toEqual(pids)
  const sql = `select (select count(*) from pg_class where relname = 'left_behind')
    + (select count(*) from pg_roles where rolname = 'left_behind')
    + (select count(*) from pg_database where datname = 'left_behind') as n`
  for (const node of cluster.nodes) expect(await ask(node.config, sql)).toEqual([{ n: '0' }])
})

test.each<[what: string, spoil: (used: Cluster) => unknown]>([
  ['whose settings are others', ({ primary }) => ask(primary.config, "alter system set work_mem = '9MB'")],
  ['with a node that does not run', ({ replicas }) => replicas[0]?.stop()],
])('a cluster %s is not used again', async (_what, spoil) => {
  const pids = pidsOf(cluster)
  await spoil(cluster)
  await cluster.stop()
  cluster = await sharedCluster({ replicas: 1 })
  expect(pidsOf(cluster).filter((pid) => pids.includes(pid))).toEqual([])
})

test('a cluster with a connection of the last file is not used again', async () => {
  const pids = pidsOf(cluster)
  const left = new Client(cluster.primary.config)
  left.on('error', () => {})
  await left.connect()
  await cluster.stop()
  cluster = await sharedCluster({ replicas: 1 })
  expect(pidsOf(cluster).filter((pid) => pids.includes(pid))).toEqual([])
})
