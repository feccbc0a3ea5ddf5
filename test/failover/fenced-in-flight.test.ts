import { Client } from 'pg'
import { expect, test } from 'vitest'
import { outcomeOf } from '../../src/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

test('a former primary confirms no write that is in progress when its successor is known', async () => {
  await using cluster = await startCluster({ replicas: 1 })
  const old = cluster.primary.config
  await ask(old, 'create table t (n int)')
  await cluster.caughtUp()
  const pool = poolOver(cluster)
  pool.on('error', () => {})
  const locker = new Client(old)
  locker.on('error', () => {})
  try {
    await replicasReady(pool)
    await locker.connect()
    await locker.query('begin; lock table t in exclusive mode')
    const told = ['insert into t values (1)', 'insert into t values (2)'].map((sql, index) => {
      const run = index === 0 ? pool.query(sql) : pool.transaction((client) => client.query(sql))
      return run.then(
        () => 'acknowledged',
        (error: unknown) => outcomeOf(error),
      )
    })
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock'`
    await until('both wait for the lock', async () => (await ask(old, waiting)).length === 2)
    await cluster.promote(0, { oldPrimary: 'keep' })
    await until('the old one is known to be one', () => pool.stats().nodes[0]?.state === 'old-timeline')
    // They are committed now, on a timeline that the cluster has left.
    await locker.query('commit')
    expect(await Promise.all(told)).toEqual(['unknown', 'rolled-back'])
  } finally {
    await locker.end()
    await pool.end()
  }
}, 60_000)
