import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from '../package/install.ts'
import { ask, until } from '../support/servers.ts'
import { scansOf, tableActivity, type TableActivity } from '../support/table-activity.ts'
import { run, type Ended } from './run.ts'

// Programs that know nothing but node-postgres, run as they would be: by Node, with one more option.

const READS = 20
let cluster: Cluster
let consumer: Consumer
let tables = 0

beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
  consumer = installPacked()
})
afterAll(async () => {
  consumer?.remove()
  await cluster?.stop()
})

const urlOf = ({ config }: ClusterNode, database = config.database): string =>
  `postgres://${config.user}:${config.password}@${config.host}:${config.port}/${database}`

function environment(): Record<string, string> {
  return {
    DATABASE_URL: urlOf(cluster.primary),
    DATABASE_REPLICA_URLS: cluster.replicas.map((node) => urlOf(node)).join(','),
    // What was written is read from a replica, however busy this machine is.
    PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: '10000',
  }
}

async function onlyWrittenOnThePrimary(table: string): Promise<void> {
  let seen: TableActivity | undefined
  // The row that it was made with, and the program's own.
  await until('the primary tells of both rows', async () => {
    seen = await tableActivity(cluster.primary, table)
    return seen.changes === 2
  })
  expect(seen?.scans).toBe(0)
}

/** A table that no other test reads, known to every server. */
async function newTable(): Promise<string> {
  const name = `t${(tables += 1)}`
  await ask(cluster.primary.config, `create table ${name} as select 1 as a`)
  await cluster.caughtUp()
  return name
}

function runWith(how: string, file: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return run(consumer.folder, [how, 'pg-switchyard/register', file], { ...environment(), ...more })
}

/** What is known of the database decides where reads of its tables go; until then they go to the primary. */
const WARM_UP = `
  const isRouted = () => pool.stats !== undefined && pool.stats().nodes.length > 0
  const isWarm = () => pool.stats().catalog === 'loaded' && pool.stats().offload > 0
  while (isRouted() && !isWarm()) await pool.query('select 1')
`

/** Reads and writes, then says what it has seen. */
const body = (make: string, table: string): string => `
  const pool = ${make}
  const run = async () => {
    ${WARM_UP}
    for (let i = 0; i < ${READS}; i++) await pool.query('select a from ${table}')
    await pool.query('insert into ${table} values (2)')
    const { rows } = await pool.query('select count(*)::int as n from ${table}')
    console.log(JSON.stringify([rows[0].n, pool instanceof Pool, pool.constructor.name]))
    await pool.end()
  }
  run().catch((error) => { console.error(error); process.exitCode = 1 })
`

const CONNECTION_STRING = 'new Pool({ connectionString: process.env.DATABASE_URL })'

const IMPORTS: readonly (readonly [name: string, extension: string, text: string])[] = [
  [`require('pg')`, 'cjs', `const { Pool } = require('pg')`],
  [`import pg from 'pg'`, 'mjs', `import pg from 'pg'; const { Pool } = pg`],
  [`import { Pool } from 'pg'`, 'mjs', `import { Pool } from 'pg'`],
]

describe.each(['--import', '--require'])('%s', (how) => {
  test.each(IMPORTS)('%s', async (_name, extension, text) => {
    const table = await newTable()
    const file = `app.${extension}`
    consumer.write(file, text + body(CONNECTION_STRING, table))
    const { stdout, stderr } = await runWith(how, file)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([2, true, 'BoundPool'])
    expect(await scansOf(cluster.replicas, table, READS)).toBeGreaterThanOrEqual(READS)
    await onlyWrittenOnThePrimary(table)
  })
})

describe('a pool to the same database', () => {
  const fields = (): Record<string, unknown> => ({ ...cluster.primary.config })

  test.each<readonly [name: string, make: () => string, more: () => Record<string, string>]>([
    ['from explicit options', () => `new Pool(${JSON.stringify(fields())})`, () => ({})],
    [
      'from options that node-postgres overlooks',
      () => CONNECTION_STRING.replace(' }', ', max: 3, ours: 1 }'),
      () => ({}),
    ],
    ['from the PG… variables', () => 'new Pool()', pgVariables],
    ['from the PG… variables alone', () => 'new Pool()', () => ({ ...pgVariables(), DATABASE_URL: '' })],
    [
      'that is a class of its own',
      () => `new (class Mine extends Pool {})({ connectionString: process.env.DATABASE_URL })`,
      () => ({}),
    ],
    [
      'that is given the client class',
      () => `new Pool({ connectionString: process.env.DATABASE_URL, Client: require('pg').Client })`,
      () => ({}),
    ],
  ])('%s reads from replicas', async (_name, make, more) => {
    const table = await newTable()
    consumer.write('app.cjs', `const { Pool } = require('pg')\n${body(make(), table)}`)
    const { stdout, stderr } = await runWith('--require', 'app.cjs', more())
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([2, true, expect.any(String)])
    expect(await scansOf(cluster.replicas, table, READS)).toBeGreaterThanOrEqual(READS)
    await onlyWrittenOnThePrimary(table)
  })
})

function pgVariables(): Record<string, string> {
  const { host, port, user, password, database } = cluster.primary.config
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database }
}

describe('programs that are left as they are', () => {
  test.each<readonly [name: string, more: () => Record<string, string>, warning: string]>([
    [
      'a pool to another database',
      () => ({
        DATABASE_URL: urlOf(cluster.primary, 'template1'),
        DATABASE_REPLICA_URLS: `postgres://${cluster.replicas[0]?.config.host}:1`,
      }),
      '',
    ],
    ['everything, when it is switched off', () => ({ PG_SWITCHYARD: 'off' }), ''],
    [
      'everything, when there are no replicas',
      () => ({ DATABASE_REPLICA_URLS: '' }),
      'DATABASE_REPLICA_URLS names no replica',
    ],
  ])('%s', async (_name, more, warning) => {
    const table = await newTable()
    const { config } = cluster.primary
    consumer.write(
      'app.cjs',
      `const { Pool } = require('pg')\n${body(`new Pool(${JSON.stringify(config)})`, table)}`,
    )
    const { stdout, stderr } = await runWith('--require', 'app.cjs', more())
    expect(stderr).toContain(warning)
    expect(JSON.parse(stdout)).toEqual([2, true, 'BoundPool'])
    expect(await scansOf([cluster.primary], table, READS + 1)).toBe(READS + 1)
    expect(await scansOf(cluster.replicas, table, 0)).toBe(0)
  })
})

test('the connections are plain ones, one a server to watch it', async () => {
  const monitors = `select count(*)::int as n from pg_stat_activity where application_name = 'pg-switchyard monitor'`
  consumer.write(
    'app.mjs',
    `import { Client, Pool } from 'pg'
     const pool = new Pool({ connectionString: process.env.DATABASE_URL })
     ${WARM_UP}
     const replicas = [${cluster.replicas.map(({ config }) => config.port).join()}]
     const count = async (port) => {
       const client = new Client({ ...${JSON.stringify(cluster.primary.config)}, port })
       await client.connect()
       const { rows } = await client.query(\`${monitors}\`)
       await client.end()
       return rows[0].n
     }
     const onPrimary = async () => (await pool.query({ text: \`${monitors}\`, route: 'primary' })).rows[0].n
     let counts
     // What asked for the catalog goes by itself.
     do counts = await Promise.all([onPrimary(), ...replicas.map(count)])
     while (counts.some((n) => n !== 1))
     console.log(JSON.stringify(counts))
     await pool.end()`,
  )
  const { stdout, stderr } = await runWith('--import', 'app.mjs')
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([1, 1, 1])
})

test.each([
  ['an app that makes clients', 'cjs', `const { Client } = require('pg')`],
  ['an ES module that makes clients', 'mjs', `import { Client } from 'pg'`],
])('%s reads from replicas', async (_name, extension, text) => {
  const table = await newTable()
  await ask(cluster.primary.config, `create table ${table}_warm as select 1 as a`)
  await cluster.caughtUp()
  const file = `app.${extension}`
  consumer.write(
    file,
    `${text}
     const run = async () => {
       const client = new Client({ connectionString: process.env.DATABASE_URL })
       await client.connect()
       // Until the first replica tells that reads of a table have come to it.
       const replica = new Client(${JSON.stringify(cluster.replicas[0]?.config)})
       await replica.connect()
       const scans = \`select seq_scan::int as n from pg_stat_user_tables where relname = '${table}_warm'\`
       do for (let i = 0; i < 10; i++) await client.query('select 1 as warm from ${table}_warm')
       while (!((await replica.query(scans)).rows[0]?.n > 0))
       await replica.end()
       for (let i = 0; i < ${READS}; i++) await client.query('select a from ${table}')
       await client.query('insert into ${table} values (2)')
       const { rows } = await client.query('select count(*)::int as n from ${table}')
       console.log(JSON.stringify([rows[0].n, client instanceof Client, client.constructor.name]))
       await client.end()
     }
     run().catch((error) => { console.error(error); process.exitCode = 1 })`,
  )
  const { stdout, stderr } = await runWith('--import', file)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([2, true, 'Client'])
  expect(await scansOf(cluster.replicas, table, READS)).toBeGreaterThanOrEqual(READS)
  await onlyWrittenOnThePrimary(table)
})

test('a wrong variable ends the program at once, and is named', async () => {
  consumer.write('app.cjs', `console.log('started')`)
  for (const how of ['--import', '--require']) {
    const { stdout, stderr, code } = await runWith(how, 'app.cjs', {
      PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: 'soon',
    })
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr).toContain('SWITCHYARD_INVALID_OPTION')
    expect(stderr).toContain('PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS: Option "catchUpTimeoutMs" must be a number')
  }
})
