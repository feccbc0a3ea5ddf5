import { expect, test } from 'vitest'
import { startCluster } from '../../src/test-cluster/index.ts'
import { Pool } from '../../src/index.ts'
import { Bouncer } from './bouncer.ts'
import { ask } from '../support/servers.ts'
import { replicasReady } from '../support/routed-pool.ts'

test.each(['transaction', 'session'] as const)('%s', async (mode) => {
  await using cluster = await startCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table t (a int)')
  await cluster.caughtUp()
  const bs = await Promise.all(cluster.nodes.map((n) => Bouncer.start(n.config, mode)))
  const pool = new Pool({ ...bs[0]!.config, replicas: bs.slice(1).map((b) => b.config), waitMs: 5000 })
  pool.on('error', (e) => console.log('pool error', e.message))
  await replicasReady(pool)
  console.log(JSON.stringify(pool.stats()))
  const t0 = Date.now()
  for (let i = 0; i < 20; i++) {
    await pool.withSession(async () => {
      await pool.query('insert into t values ($1)', [i])
      const { rows } = await pool.query('select count(*)::int as n from t')
      expect(rows[0].n).toBe(i + 1)
    })
  }
  console.log('ryw', Date.now() - t0, JSON.stringify(pool.stats().nodes.map((n) => [n.id, n.role, n])))
  console.log(await bs[1]!.console('show stats_totals'))
  await pool.end()
  for (const b of bs) await b.stop()
})
