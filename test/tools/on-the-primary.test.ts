import type { ClientBase } from 'pg'
import { Logger, quickAddJob, run } from 'graphile-worker'
import { runner } from 'node-pg-migrate'
import PgBoss from 'pg-boss'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client as RoutedClient, type Pool } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { scansOf } from '../support/table-activity.ts'
import { migrations } from './migrations.ts'

// Replay is paused, so whatever a tool would read from a replica is of before it began.

let cluster: Cluster
let pool: Pool
beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
  pool = poolOver(cluster, { catchUpTimeoutMs: 20, consistency: 'eventual', maxLag: { ms: 600_000 } })
  await replicasReady(pool)
  await Promise.all(cluster.replicas.map((node) => node.pauseReplay()))
})
afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

/** What the pool itself says of a table once it knows that there is one: nobody has told the replicas. */
async function expectMissingOnReplicas(table: string): Promise<void> {
  const sql = `select from ${table}`
  await until('the catalog knows the table', async () => {
    const { statement, plan } = await pool.explain(sql)
    return statement.kind === 'read' && plan.candidates[0]?.reason === 'replica'
  })
  for (const node of cluster.replicas) {
    await expect(ask(node.config, sql)).rejects.toMatchObject({ code: '42P01' })
  }
  // The primary answers what they do not know yet.
  await expect(pool.query(sql)).resolves.toMatchObject({ command: 'SELECT' })
}

describe('pool.primary', () => {
  test('pg-boss: a queue from its making to the last job', async () => {
    const boss = new PgBoss({
      db: { executeSql: (text, values) => pool.primary.query(text, values) },
      supervise: false,
      schedule: false,
    })
    await boss.start()
    try {
      await boss.createQueue('mail')
      await expectMissingOnReplicas('pgboss.job')
      const id = await boss.send('mail', { to: 'alice' })
      const [job] = await boss.fetch<{ to: string }>('mail')
      expect(job).toMatchObject({ id, data: { to: 'alice' } })
      await boss.complete('mail', id ?? '')
      expect(await boss.getJobById('mail', id ?? '')).toMatchObject({ state: 'completed' })
      expect(await boss.getQueueSize('mail')).toBe(0)
    } finally {
      await boss.stop({ graceful: false })
    }
    expect(await scansOf(cluster.replicas, 'pgboss.job', 0)).toBe(0)
  })

  test('graphile-worker: jobs are told of by NOTIFY, and run', async () => {
    const ran: unknown[] = []
    let done: (() => void) | undefined
    const bothRan = new Promise<void>((resolve) => (done = resolve))
    pool.primary.on('error', () => {})
    const worker = await run({
      logger: new Logger(() => () => {}),
      pgPool: pool.primary,
      noHandleSignals: true,
      // Longer than the test may take: only a notification brings the second job.
      pollInterval: 3_600_000,
      taskList: {
        greet: (payload) => {
          ran.push(payload)
          if (ran.length === 2) done?.()
        },
      },
    })
    try {
      await expectMissingOnReplicas('graphile_worker._private_jobs')
      await worker.addJob('greet', { name: 'alice' })
      await quickAddJob({ pgPool: pool.primary, logger: new Logger(() => () => {}) }, 'greet', {
        name: 'bob',
      })
      await bothRan
    } finally {
      await worker.stop()
    }
    expect(ran).toEqual(expect.arrayContaining([{ name: 'alice' }, { name: 'bob' }]))
    expect(await scansOf(cluster.replicas, 'graphile_worker._private_jobs', 0)).toBe(0)
  })

  test('node-pg-migrate: up, what is there already, and down, on one connection', async () => {
    const client = await pool.primary.connect()
    const options = { dbClient: client, migrationsTable: 'pgmigrations', log: () => {} }
    await using directory = await migrations()
    const migrate = async (direction: 'up' | 'down', count: number): Promise<readonly string[]> =>
      (await runner({ ...options, dir: directory.path, direction, count })).map(({ name }) => name)
    try {
      expect(await migrate('up', 1)).toEqual(['1_first'])
      await expectMissingOnReplicas('pgmigrations')
      expect(await migrate('up', Infinity)).toEqual(['2_second'])
      expect(await migrate('up', Infinity)).toEqual([])
      expect(await migrate('down', 1)).toEqual(['2_second'])
    } finally {
      client.release()
    }
    expect(await ask(cluster.primary.config, 'select name from pgmigrations')).toEqual([{ name: '1_first' }])
    expect(await ask(cluster.primary.config, 'select first from migrated')).toEqual([])
  })
})

describe('who listens', () => {
  const heard = (client: ClientBase): Promise<string | undefined> =>
    new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)))

  test('a client of the pool', async () => {
    const client = await pool.connect()
    try {
      const payload = heard(client)
      await client.query('listen news')
      await pool.query("select pg_notify('news', 'from the pool')")
      expect(await payload).toBe('from the pool')
    } finally {
      client.release(true)
    }
  })

  test('a client of its primary', async () => {
    const client = await pool.primary.connect()
    try {
      const payload = heard(client)
      await client.query('listen news')
      await pool.query("notify news, 'by a command'")
      expect(await payload).toBe('by a command')
    } finally {
      client.release(true)
    }
  })

  test('a client that was constructed', async () => {
    const client = new RoutedClient({
      ...cluster.primary.config,
      replicas: cluster.replicas.map(({ config }) => config),
      logger: false,
    })
    await client.connect()
    try {
      const payload = heard(client)
      await client.query('listen news')
      await ask(cluster.primary.config, "select pg_notify('news', 'from elsewhere')")
      expect(await payload).toBe('from elsewhere')
    } finally {
      await client.end()
    }
  })
})
