import { Pool } from '../../src/index.ts'
import type { PoolOptions, RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { until } from './servers.ts'

/** Options with which reads wait for a replica that shows what was written, and never go to the primary instead. */
export const WAITING: PoolOptions = { catchUpTimeoutMs: 10_000, primarySpill: { share: 0 } }

/** A pool over a whole cluster that logs nothing. */
export function poolOver(cluster: Cluster, options: PoolOptions = {}): Pool {
  const replicas = cluster.replicas.map((node) => node.config)
  return new Pool({ ...cluster.primary.config, replicas, logger: false, ...options })
}

/** Resolves when the pool knows the database, and every replica may serve reads; or as many as are said. */
export async function replicasReady(pool: Pool, count?: number, request: RouteRequest = {}): Promise<void> {
  await until('the replicas are known to be fresh', async () => {
    // A read of the catalog shows everything, so it needs all that was written.
    const { plan } = await pool.explain({ text: 'select 1 from pg_class limit 1', ...request })
    const eligible = plan.candidates.filter(({ reason }) => reason === 'replica').length
    return pool.stats().catalog === 'loaded' && eligible === (count ?? pool.stats().nodes.length - 1)
  })
}

/** Resolves when a replica is known to show all that a read shows. */
export async function shownByReplica(pool: Pool, text: string): Promise<void> {
  await until('a replica is known to show it', async () => {
    const { plan } = await pool.explain(text)
    return plan.candidates[0]?.reason === 'replica'
  })
}
