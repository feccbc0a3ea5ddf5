import { Client } from 'pg'
import { expect, test } from 'vitest'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy } from '../support/tcp-proxy.ts'

test('a read that waits for room on the primary is not sent there once that is a former primary', async () => {
  await using cluster = await startCluster({ replicas: 2 })
  const [successor, other] = cluster.replicas
  if (successor === undefined || other === undefined) throw new Error('The cluster has no replicas')
  const old = cluster.primary.config
  await ask(old, 'create table t (n int); create table locked (n int); insert into t values (0)')
  await cluster.caughtUp()
  await using way = await startProxy(successor.config)
  const replicas = [{ ...successor.config, ...way.config }, other.config]
  // There is one slot for reads on the primary.
  const options = { primarySpill: { share: 0.1 }, max: 10, catchUpTimeoutMs: 20_000, lanes: false } as const
  const pool = poolOver(cluster, { replicas, ...options })
  pool.on('error', () => {})
  const locker = new Client(old)
  locker.on('error', () => {})
  try {
    await replicasReady(pool)
    // Two connections to the primary.
    await Promise.all([1, 2].map(() => pool.query({ text: 'select pg_sleep(0.2)', route: 'primary' })))
    // The successor is out of reach until it is the primary, and the other one shows nothing.
    await way.cut()
    await until('the successor is out of reach', () => pool.stats().nodes[1]?.state === 'down')
    await other.pauseReplay()
    await pool.query('with changed as (update t set n = 1) insert into locked values (1)')
    await locker.connect()
    await locker.query('begin; lock table locked')
    const slow = pool.query('select n from locked')
    const blocked = `select 1 from pg_stat_activity where wait_event_type = 'Lock'`
    await until('the slot is taken', async () => (await ask(old, blocked)).length === 1)
    const waiting = pool.query('select n from t')
    const sent = pool.stats().nodes[0]?.queries
    await ask(successor.config, 'select pg_promote()')
    await way.restore()
    await until('there is another primary', () => pool.stats().nodes[0]?.state === 'old-timeline')
    expect((await Promise.all([slow, waiting])).map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 1 }]])
    expect(pool.stats().nodes[0]?.queries).toBe(sent)
  } finally {
    await locker.end()
    await pool.end()
  }
}, 60_000)
