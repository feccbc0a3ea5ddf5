import { expect, test } from 'vitest'
import { Pool } from '../../src/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy } from '../support/tcp-proxy.ts'

test('a new connection to the address of the primary that reaches a standby serves nothing', async () => {
  await using cluster = await startCluster({ replicas: 1 })
  const { primary, replicas } = cluster
  const [replica] = replicas
  if (replica === undefined) throw new Error('The cluster has no replica')
  await ask(primary.config, 'create table t (n int)')
  await cluster.caughtUp()
  await using way = await startProxy(primary.config)
  const options = { lanes: false, replicas: [replica.config], logger: false } as const
  const pool = new Pool({ ...primary.config, ...way.config, ...options })
  const strong = async (): Promise<number> => {
    const { rows } = await pool.query<{ n: number }>({
      text: 'select count(*)::int as n from t',
      consistency: 'strong',
    })
    return rows[0]?.n ?? 0
  }
  try {
    await replicasReady(pool)
    await replica.pauseReplay()
    await pool.query('insert into t values (1)')
    expect(await strong()).toBe(1)
    // As a load balancer does that notices a failover late. The probes keep their connection.
    way.lead([replica.config])
    const { connections } = way
    const counts = Promise.all(Array.from({ length: 6 }, strong))
    await until('a new connection has reached the standby', () => way.connections > connections)
    way.lead([primary.config])
    expect(await counts).toEqual([1, 1, 1, 1, 1, 1])
  } finally {
    await pool.end()
  }
}, 60_000)
