import { expect } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import type { RefusedFunction } from './poor-servers.ts'
import { until } from './servers.ts'

const READ = 'select n from items where id = 1'

/** Functions that only a primary is asked for. */
const ON_PRIMARY: readonly RefusedFunction[] = [
  'pg_current_wal_flush_lsn',
  'pg_current_wal_lsn',
  'pg_current_wal_insert_lsn',
  'pg_walfile_name',
]

/** Whether the documentation says that replicas serve reads of a cluster that refuses these functions. */
export function offloads(refused: readonly RefusedFunction[], hasStatus: boolean): boolean {
  const isRefused = (name: RefusedFunction): boolean => refused.includes(name)
  if (isRefused('pg_postmaster_start_time')) return false
  // A replica that refuses nothing is not asked for a status.
  const asksStatus = refused.some((name) => !ON_PRIMARY.includes(name))
  if (hasStatus && asksStatus) return true
  const tellsPosition =
    !isRefused('pg_current_wal_flush_lsn') ||
    !isRefused('pg_current_wal_lsn') ||
    !isRefused('pg_current_wal_insert_lsn')
  const tellsTimeline = !isRefused('pg_walfile_name') && !isRefused('pg_current_wal_lsn')
  // `app` does not see the columns of the WAL receiver.
  const followsTimeline = !isRefused('pg_control_checkpoint') || !isRefused('pg_control_recovery')
  return tellsPosition && tellsTimeline && followsTimeline && !isRefused('pg_last_wal_replay_lsn')
}

/** Opens a pool of the role without rights over a cluster of `startPoorCluster`. */
export function openPool(cluster: Cluster): Pool {
  const login = { user: 'app', password: 'secret' }
  const replicas = cluster.replicas.map(({ config }) => ({ ...config, ...login }))
  return new Pool({ ...cluster.primary.config, ...login, replicas, logger: false })
}

/** Whether a replica would serve a read now. */
export async function offloadsNow(pool: Pool): Promise<boolean> {
  const { plan } = await pool.explain(READ)
  return plan.candidates[0]?.reason === 'replica'
}

/** Checks what has to hold whatever is refused: roles, where reads go, and that a session reads what it wrote. */
export async function expectPromises(pool: Pool, expected: boolean): Promise<void> {
  await pool.ready()
  const roles = pool.stats().nodes.map(({ role }) => role)
  expect(roles).toEqual(['primary', 'replica', 'replica'])
  if (expected) await until('a replica may serve reads', () => offloadsNow(pool))
  else expect(await offloadsNow(pool)).toBe(false)
  const before = pool.stats().nodes.map(({ reads }) => reads)
  for (let i = 0; i < 10; i += 1) await pool.query(READ)
  const reads = pool.stats().nodes.map((node, index) => node.reads - (before[index] ?? 0))
  expect(reads.reduce((a, b) => a + b)).toBe(10)
  if (!expected) expect(reads[0]).toBe(10)
  else expect(reads[0]).toBe(0)
  await expectOwnWrites(pool)
  await pool.withSession(() => expectOwnWrites(pool))
  const client = await pool.connect()
  try {
    await client.query('begin read only')
    expect((await client.query('select count(*)::int as n from items')).rows).toEqual([{ n: 100 }])
    await client.query('commit')
  } finally {
    client.release()
  }
}

/** Checks that what the calling session writes, it reads. */
export async function expectOwnWrites(pool: Pool): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    const { rows } = await pool.query<{ n: number }>('update items set n = n + 1 where id = 1 returning n')
    expect((await pool.query(READ)).rows).toEqual(rows)
  }
}
