import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from '../package/install.ts'
import { run } from '../register/run.ts'
import { ask } from '../support/servers.ts'
import { scansOf, tableActivity } from '../support/table-activity.ts'

// Libraries that take no pool: they are run with node --import pg-switchyard/register.

const READS = 20
let cluster: Cluster
let consumer: Consumer

beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
  consumer = installPacked()
})
afterAll(async () => {
  consumer?.remove()
  await cluster?.stop()
})

const urlOf = ({ config }: ClusterNode): string =>
  `postgres://${config.user}:${config.password}@${config.host}:${config.port}/${config.database}`

/** Runs until replicas tell of reads of the table `warm_…`, then what is to be counted. */
const warmUp = (read: string): string => `
  const { Client } = await import('pg')
  const replicas = process.env.DATABASE_REPLICA_URLS.split(',').map((url) => new Client({ connectionString: url }))
  for (const replica of replicas) await replica.connect()
  const isWarm = async () => {
    const sql = "select sum(seq_scan)::int as n from pg_stat_user_tables where relname = 'warm'"
    const answers = await Promise.all(replicas.map((replica) => replica.query(sql)))
    return answers.some(({ rows }) => rows[0].n > 0)
  }
  do for (let i = 0; i < 10; i++) await ${read}
  while (!(await isWarm()))
  for (const replica of replicas) await replica.end()
`

const PROGRAMS: readonly (readonly [name: string, packages: readonly string[], text: string])[] = [
  [
    'slonik',
    ['slonik', '@slonik/pg-driver'],
    `import { createPool, sql } from 'slonik'
     import { createPgDriverFactory } from '@slonik/pg-driver'
     const pool = await createPool(process.env.DATABASE_URL, { driverFactory: createPgDriverFactory() })
     ${warmUp('pool.any(sql.unsafe`select 1 as a from warm`)')}
     for (let i = 0; i < ${READS}; i++) await pool.any(sql.unsafe\`select a from t\`)
     await pool.query(sql.unsafe\`insert into t values (2)\`)
     const read = await pool.oneFirst(sql.unsafe\`select count(*)::int as n from t\`)
     const inside = await pool.transaction(async (transaction) => {
       await transaction.query(sql.unsafe\`insert into t values (3)\`)
       return transaction.oneFirst(sql.unsafe\`select count(*)::int as n from t\`)
     })
     console.log(JSON.stringify([read, inside]))
     await pool.end()`,
  ],
  [
    '@databases/pg',
    ['@databases/pg'],
    `import createConnectionPool, { sql } from '@databases/pg'
     const make = createConnectionPool.default ?? createConnectionPool
     const db = make({ connectionString: process.env.DATABASE_URL + '?sslmode=disable', bigIntMode: 'number' })
     ${warmUp('db.query(sql`select 1 as a from warm`)')}
     for (let i = 0; i < ${READS}; i++) await db.query(sql\`select a from t\`)
     await db.query(sql\`insert into t values (2)\`)
     const [{ n: read }] = await db.query(sql\`select count(*)::int as n from t\`)
     const inside = await db.tx(async (tx) => {
       await tx.query(sql\`insert into t values (3)\`)
       return (await tx.query(sql\`select count(*)::int as n from t\`))[0].n
     })
     console.log(JSON.stringify([read, inside]))
     await db.dispose()`,
  ],
]

test.each(PROGRAMS)('%s', async (_name, packages, text) => {
  for (const name of packages) consumer.link(name, 'test/tools')
  for (const table of ['t', 'warm']) {
    await ask(cluster.primary.config, `drop table if exists ${table}`)
    await ask(cluster.primary.config, `create table ${table} as select 1 as a`)
  }
  await cluster.caughtUp()
  consumer.write('app.mjs', text)
  const { stdout, stderr, code } = await run(
    consumer.folder,
    ['--import', 'pg-switchyard/register', 'app.mjs'],
    {
      DATABASE_URL: urlOf(cluster.primary),
      DATABASE_REPLICA_URLS: cluster.replicas.map(urlOf).join(','),
      PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: '10000',
    },
  )
  expect(stderr).toBe('')
  // It ends by itself, too.
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual([2, 3])
  expect(await scansOf(cluster.replicas, 't', READS + 1)).toBeGreaterThanOrEqual(READS + 1)
  // The one in the transaction.
  expect(await scansOf([cluster.primary], 't', 1)).toBe(1)
  expect((await tableActivity(cluster.primary, 't')).changes).toBe(3)
})
