import type { PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
/** Connections of the pool to the replica. */
let readers: PoolClient[]

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(
    cluster.primary.config,
    `create procedure migrate() language plpgsql as $body$ begin ${MIGRATION}; end $body$;
     create function migrated() returns void volatile language plpgsql as $body$ begin ${MIGRATION}; end $body$`,
  )
})

afterAll(() => cluster.stop())

beforeEach(async () => {
  const { config } = cluster.primary
  await ask(config, 'drop table if exists kept cascade; drop type if exists mood cascade')
})

afterEach(() => pool.end())

async function open(options: PoolOptions = {}): Promise<void> {
  await cluster.caughtUp()
  pool = poolOver(cluster, { consistency: 'eventual', max: 4, ...options })
  readers = []
  pool.on('connect', (client: PoolClient) => {
    if (Reflect.get(client, 'port') === cluster.replicas[0]?.config.port) readers.push(client)
  })
  await replicasReady(pool)
}

async function names(): Promise<readonly string[]> {
  const sql = "select name from pg_prepared_statements where name like 'switchyard%'"
  const answers = await Promise.all(readers.map((client) => client.query<{ name: string }>({ text: sql })))
  return answers.flatMap(({ rows }) => rows.map(({ name }) => name))
}

/** Runs the text until the server keeps it under a name. */
async function named(text: string, values: unknown[], count = 1): Promise<void> {
  await until('it has a name', async () => {
    for (let run = 0; run < 20; run++) await pool.query(text, values)
    return (await names()).length >= count
  })
}

const AT = '2024-06-01 12:00:00+05'

/** What a column is, what is stored there, and a read with its value; then the new type, and a value that finds the row. */
const migrations: readonly {
  readonly before: string
  readonly stored: string
  readonly first: unknown
  readonly operator: string
  readonly after: string
  readonly value: unknown
}[] = [
  {
    before: 'timestamp',
    stored: "'1999-01-01'",
    first: AT,
    operator: '>',
    after: "timestamptz using '2024-06-01 08:00:00+00'",
    value: AT,
  },
  {
    before: 'date',
    stored: "'1999-01-01'",
    first: AT,
    operator: '>',
    after: "timestamptz using '2024-06-01 07:00:01+00'",
    value: AT,
  },
  {
    before: 'real',
    stored: '2',
    first: 1,
    operator: '=',
    after: 'double precision using 0.1234567890123456',
    value: 0.1234567890123456,
  },
  { before: 'int', stored: '1', first: 7, operator: '<', after: 'bigint', value: 3_000_000_000 },
  { before: 'text', stored: "'b'", first: 'a', operator: '=', after: "jsonb using '[1]'", value: '[1]' },
]

const MIGRATION = migrations
  .map(({ after }, index) => `alter table kept_${index} alter column v type ${after}`)
  .join('; ')

const find = (index: number): string =>
  `select count(*)::int as n from kept_${index} where v ${migrations[index]?.operator} $1`

describe.each<[name: string, options: PoolOptions]>([
  ['over leases', { max: 1 }],
  ['over lanes', { max: 4 }],
])('a read with a name, %s', (_name, options) => {
  it.each([
    ['this pool: at once', 0, () => pool.query(MIGRATION)],
    ['this pool in a DO block: at once', 0, () => pool.query(`do $do$ begin ${MIGRATION}; end $do$`)],
    ['a procedure that this pool calls: at once', 0, () => pool.query('call migrate()')],
    ['a function that this pool calls: at once', 0, () => pool.query('select migrated()')],
    ['another connection: after two seconds', 2000, () => ask(cluster.primary.config, MIGRATION)],
  ])('finds what an unprepared one finds after a migration by %s', async (_by, boundMs, alter) => {
    const { config } = cluster.primary
    for (const [index, { before, stored }] of migrations.entries()) {
      await ask(config, `drop table if exists kept_${index}; create table kept_${index} (v ${before})`)
      await ask(config, `insert into kept_${index} values (${stored})`)
    }
    await open(options)
    for (const [index, { first }] of migrations.entries()) await named(find(index), [first], index + 1)
    await alter()
    await cluster.caughtUp()
    const changedAt = performance.now()
    const wrong = new Set<string>()
    for (let sentMs = 0; sentMs < boundMs + 500; sentMs = performance.now() - changedAt) {
      for (const [index, { before, value }] of migrations.entries()) {
        const isDue = performance.now() - changedAt >= boundMs
        const { rows } = await pool.query<{ n: number }>(find(index), [value])
        if (isDue && rows[0]?.n !== 1) wrong.add(before)
      }
    }
    expect([...wrong]).toEqual([])
    await named(find(0), [AT], 1)
  })

  it('is told nothing of an enum that was dropped and made again', async () => {
    const { config } = cluster.primary
    const make = "drop type if exists mood cascade; create type mood as enum ('sad', 'glad')"
    await ask(config, `${make}; create table kept (v mood)`)
    await open(options)
    const text = 'select count(*)::int as n from kept where v = $1'
    await named(text, ['glad'])
    await ask(config, `${make}; alter table kept add column v mood`)
    await cluster.caughtUp()
    for (let run = 0; run < 50; run++) expect((await pool.query(text, ['glad'])).rows).toEqual([{ n: 0 }])
  })
})
