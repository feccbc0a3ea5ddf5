import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { INTERVAL_MS, Watch } from './watch.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

/** What may lie between the truth and what is measured: a probe's interval, its way, and a busy machine. */
const TOLERANCE_MS = 50 + INTERVAL_MS

let cluster: Cluster
let watch: Watch
let replica: ClusterNode
let onPrimary: Client
let onReplica: Client

async function connected({ config }: ClusterNode): Promise<Client> {
  const client = new Client(config)
  await client.connect()
  return client
}

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1, settings: { autovacuum: false } })
  const [first] = cluster.replicas
  if (first === undefined) throw new Error('A cluster without a replica')
  replica = first
  onPrimary = await connected(cluster.primary)
  onReplica = await connected(replica)
  await onPrimary.query('create table notes (id int, text text)')
  await cluster.caughtUp()
  watch = new Watch(cluster.nodes)
  await watch.monitor.settled()
})

afterAll(async () => {
  await watch?.monitor.close()
  await onReplica?.end()
  await cluster?.stop()
})

async function figure(client: Client, sql: string): Promise<number | undefined> {
  const { rows } = await client.query<{ figure: string | null }>(sql)
  const text = rows[0]?.figure
  return text === undefined || text === null ? undefined : Number(text)
}

/** The age of the last transaction that was replayed: grows on an idle primary. */
const ageOfLastReplayed = (): Promise<number | undefined> =>
  figure(
    onReplica,
    'select extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 as figure',
  )

/** The same, but 0 when all that was received is replayed: blind when nothing is received. */
const ageUnlessAllReplayed = (): Promise<number | undefined> =>
  figure(
    onReplica,
    `select case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
       else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 end as figure`,
  )

/** What the primary says of the replica: freezes when nothing is replayed, and goes with the receiver. */
const replayLag = (): Promise<number | undefined> =>
  figure(onPrimary, 'select extract(epoch from replay_lag) * 1000 as figure from pg_stat_replication')

/** Sends a statement to the primary. Gives the times between which it was committed. */
async function commit(sql: string): Promise<{ readonly afterMs: number; readonly beforeMs: number }> {
  const afterMs = performance.now()
  await onPrimary.query(sql)
  return { afterMs, beforeMs: performance.now() }
}

/** Our figure must be that of the truth, known because nothing was replayed since the commit. */
function expectTrueLag(committed: { readonly afterMs: number; readonly beforeMs: number }): number {
  const nowMs = performance.now()
  const lagMs = watch.lagMs(replica.name)
  expect(lagMs).toBeDefined()
  expect(lagMs).toBeGreaterThan(nowMs - committed.beforeMs - TOLERANCE_MS)
  expect(lagMs).toBeLessThan(nowMs - committed.afterMs + 1)
  return lagMs ?? Number.NaN
}

test('lag is right where other formulas are not', async () => {
  const figures: Record<string, Record<string, number | undefined>> = {}
  const note = async (situation: string): Promise<Record<string, number | undefined>> => {
    const found = {
      ours: watch.lagMs(replica.name),
      bytes: watch.node(replica.name).lag?.bytes,
      ageOfLastReplayed: await ageOfLastReplayed(),
      ageUnlessAllReplayed: await ageUnlessAllReplayed(),
      replayLag: await replayLag(),
    }
    figures[situation] = found
    return found
  }

  await watch.until('the replica has everything', () => watch.lagMs(replica.name) === 0)
  const idleFrom = performance.now()
  await watch.until('the primary has idled', () => performance.now() - idleFrom > 2000)
  const idle = await note('the primary idles')
  expect(idle).toMatchObject({ ours: 0, bytes: 0 })
  expect(idle['ageOfLastReplayed']).toBeGreaterThan(2000)
  const { freshAsOfMs = 0 } = watch.node(replica.name).lag ?? {}
  expect(performance.now() - freshAsOfMs).toBeLessThan(TOLERANCE_MS + INTERVAL_MS)

  await replica.pauseReplay()
  const insert = await commit(`insert into notes values (1)`)
  await watch.until('the lag shows', () => (watch.lagMs(replica.name) ?? 0) > 0)
  await watch.until('a moment has passed', () => performance.now() - insert.beforeMs > 300)
  expectTrueLag(insert)
  const paused = await note('replay is paused, and one row was inserted')
  expect(paused['ageOfLastReplayed']).toBeGreaterThan(2000)
  expect(paused['ageUnlessAllReplayed']).toBeGreaterThan(2000)

  await watch.until('more time has passed', () => performance.now() - insert.beforeMs > 2000)
  expectTrueLag(insert)
  await note('some time later')

  await replica.resumeReplay()
  await watch.until('the replica has everything', () => watch.lagMs(replica.name) === 0)
  await onReplica.query(`alter system set primary_conninfo = ''`)
  await onReplica.query('select pg_reload_conf()')
  const receivers = 'select count(*) as figure from pg_stat_wal_receiver'
  const senders = 'select count(*) as figure from pg_stat_replication'
  while ((await figure(onReplica, receivers)) !== 0 || (await figure(onPrimary, senders)) !== 0) {
    watch.monitor.used()
  }
  const bulk = await commit(
    `insert into notes select i, repeat('x', 200) from generate_series(1, 10000) as i`,
  )
  await watch.until('the lag shows', () => (watch.lagMs(replica.name) ?? 0) > 0)
  await watch.until('a moment has passed', () => performance.now() - bulk.beforeMs > 1000)
  expectTrueLag(bulk)
  const dead = await note('the WAL receiver is dead, and the primary writes')
  expect(dead).toMatchObject({ ageUnlessAllReplayed: 0, replayLag: undefined })
  expect(dead['bytes']).toBeGreaterThan(2_000_000)

  console.table(figures)
})

test('a primary that is lost leaves what was proven', async () => {
  const before = watch.node(replica.name).lag
  await onPrimary.end()
  await cluster.primary.kill()
  await watch.untilShown('down replica')
  const after = watch.node(replica.name).lag
  expect(after).toBeDefined()
  expect(after?.freshAsOfMs).toBe(before?.freshAsOfMs)
})
