import { expect, test, vi } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { findPostgres, startCluster } from '../../src/test-cluster/index.ts'
import { column, replicaAt } from './sql.ts'

test('two clusters live side by side', async () => {
  const [a, b] = await Promise.all([startCluster({ replicas: 1 }), startCluster({ replicas: 1 })])
  await using first = a
  await using second = b
  await column(first.primary.config, 'CREATE TABLE mine AS SELECT 1')
  await Promise.all([first.caughtUp(), second.caughtUp()])
  expect(await column(replicaAt(first, 0).config, `SELECT to_regclass('mine')::text`)).toEqual(['mine'])
  expect(await column(replicaAt(second, 0).config, `SELECT to_regclass('mine')::text`)).toEqual([null])
  const ports = [...first.nodes, ...second.nodes].map((node) => node.config.port)
  expect(new Set(ports).size).toBe(4)
  // The password of one is none of the other's.
  const { port } = second.primary.config
  await expect(column({ ...first.primary.config, port }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  await first.stop()
  expect(await column(second.primary.config, 'SELECT 1')).toEqual([1])
})

test('the environment that node-postgres and libpq read does not lead a cluster astray', async () => {
  for (const name of ['PGHOST', 'PGDATA', 'PGUSER']) vi.stubEnv(name, 'nowhere')
  vi.stubEnv('PGPORT', '1')
  vi.stubEnv('PGSSLMODE', 'require')
  vi.stubEnv('PGPASSWORD', 'wrong')
  const starting = startCluster({ replicas: 1 }).finally(() => vi.unstubAllEnvs())
  await using cluster = await starting
  expect(await column(cluster.primary.config, 'SELECT state FROM pg_stat_replication')).toEqual(['streaming'])
})

test('no password gets into a log', async () => {
  await using cluster = await startCluster({ replicas: 2 })
  await cluster.promote(0)
  const logs = await Promise.all(cluster.nodes.map((node) => node.log()))
  expect(logs.join('\n')).toContain('primary_conninfo')
  expect(logs.join('\n')).not.toContain(cluster.primary.config.password)
})

test('a cluster without replicas is a primary', async () => {
  await using cluster = await startCluster({ replicas: 0 })
  expect(cluster.replicas).toEqual([])
  await cluster.caughtUp()
  expect(await column(cluster.primary.config, 'SELECT pg_is_in_recovery()')).toEqual([false])
})

test('synchronous replicas can be had through settings', async () => {
  await using cluster = await startCluster({
    database: 'app',
    settings: { synchronous_standby_names: 'FIRST 2 (node2, node3)', synchronous_commit: 'remote_apply' },
  })
  await column(cluster.primary.config, 'CREATE TABLE t AS SELECT 7 AS a')
  // Every commit waits for the replicas to show it, so there is nothing to catch up with.
  expect(await column(replicaAt(cluster, 0).config, 'SELECT a FROM t')).toEqual([7])
  expect(await column(replicaAt(cluster, 1).config, 'SELECT a FROM t')).toEqual([7])
})

const binDir = findPostgres(15)

// The whole test needs server programs that an installation of PostgreSQL 15 brings.
test.skipIf(binDir === undefined)(
  `PostgreSQL 15 from its own directory${binDir === undefined ? ' (skipped: it is not installed)' : ''}`,
  async () => {
    await using cluster: Cluster = await startCluster({ replicas: 2, binDir: binDir as string })
    expect(await column(cluster.primary.config, 'SHOW server_version')).toEqual([
      expect.stringMatching(/^15/),
    ])
    await column(cluster.primary.config, 'CREATE TABLE t AS SELECT 1 AS a')
    await replicaAt(cluster, 0).kill()
    await replicaAt(cluster, 0).start()
    await cluster.promote(1)
    await column(cluster.primary.config, 'INSERT INTO t VALUES (2)')
    await cluster.caughtUp()
    for (const node of cluster.nodes) expect(await column(node.config, 'SELECT a FROM t')).toEqual([1, 2])
  },
)
