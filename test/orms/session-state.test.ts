import { AsyncLocalStorage } from 'node:async_hooks'
import { sql as text } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pgPromise from 'pg-promise'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { wrapPg, Pool, type PoolOptions, type ReplicaOptions } from '../../src/index.ts'
import { OrmGround, PATIENT, type Work } from './orm-ground.ts'
import { replicasReady, shownByReplica } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

// What an ORM sets for its connections holds wherever its reads go, and nowhere else.

const DATABASE = 'session-state'
const HOUR = `to_char('2026-01-01 00:00+00'::timestamptz, 'HH24') as hour from people where id = 1`

let ground: OrmGround
let options: PoolOptions
let pool: Pool

beforeAll(async () => {
  ground = await OrmGround.start()
  options = { ...(await ground.database(DATABASE)), ...PATIENT, options: '-c timezone=UTC' }
  const schema = `
    create table people (id int primary key, name text);
    insert into people values (1, 'of public');
    create schema tenant;
    create table tenant.people (id int primary key, name text);
    insert into tenant.people values (1, 'of the tenant');
    create table notes (id int primary key, owner text);
    insert into notes values (1, 'ann'), (2, 'bob');
    alter table notes enable row level security;
    create policy own on notes using (owner = current_setting('app.person', true));
    create role reader login password 'reader';
    grant usage on schema public, tenant to reader;
    grant select, insert on people, tenant.people, notes to reader`
  await ask({ ...ground.cluster.primary.config, database: DATABASE }, schema)
  await ground.cluster.caughtUp()
})

afterAll(async () => {
  await ground[Symbol.asyncDispose]()
})

beforeEach(async () => {
  pool = new Pool(options)
  await replicasReady(pool)
  return async () => {
    if (!pool.ending) await pool.end()
  }
})

const counted = <T>(work: () => Promise<T>): Promise<Work<T>> => ground.during(DATABASE, work)

describe('settings', () => {
  it('of a kysely connection are there on replicas, and not for others', async () => {
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) })
    const hour = sql<{ hour: string }>`select ${sql.raw(HOUR)}`
    const { primary, result } = await counted(() =>
      db.connection().execute(async (connection) => {
        await sql`set time zone 'Asia/Tokyo'`.execute(connection)
        return [await hour.execute(connection), await hour.execute(db)].map(({ rows }) => rows)
      }),
    )
    expect(result).toEqual([[{ hour: '09' }], [{ hour: '00' }]])
    expect(primary.reads).toBe(0)
  })

  it('that drizzle makes through the pool hold for what it asks then', async () => {
    const db = drizzle({ client: pool })
    await db.execute(text.raw(`set time zone 'Asia/Tokyo'`))
    const { primary, result } = await counted(() => db.execute(text.raw(`select ${HOUR}`)))
    expect(result.rows).toEqual([{ hour: '09' }])
    expect(primary.reads).toBe(0)
  })

  it('of pg-promise: the schema, on every connection', async () => {
    const pgp = pgPromise({ schema: 'tenant', noWarnings: true })
    Object.assign(pgp.pg, { Pool: wrapPg(pgp.pg as never).Pool })
    const db = pgp(options as object)
    await replicasReady(db.$pool as unknown as Pool)
    const { primary, result } = await counted(() =>
      Promise.all(Array.from({ length: 8 }, () => db.one('select name from people where id = 1'))),
    )
    expect(new Set(result.map(({ name }) => name))).toEqual(new Set(['of the tenant']))
    expect(primary.reads).toBe(0)
    await db.none(`insert into people values (2, 'new')`)
    expect(await db.one('select name from people where id = 2')).toEqual({ name: 'new' })
    await db.$pool.end()
  })

  it('that kysely makes whenever it takes a connection decide what row-level security shows on replicas', async () => {
    const reader = { user: 'reader', password: 'reader' }
    const replicas = (options.replicas ?? []).map((replica) => ({
      ...(replica as ReplicaOptions),
      ...reader,
    }))
    const readers = new Pool({ ...options, ...reader, replicas })
    await replicasReady(readers)
    const person = new AsyncLocalStorage<string>()
    const db = new Kysely<{ notes: { id: number; owner: string } }>({
      dialect: new PostgresDialect({
        pool: readers,
        onReserveConnection: async (connection) => {
          const values = ['app.person', person.getStore()]
          await connection.executeQuery(CompiledQuery.raw('select set_config($1, $2, false)', values))
        },
      }),
    })
    const people = ['ann', 'bob', 'nobody']
    const read = (name: string): Promise<object[]> =>
      person.run(name, () => db.selectFrom('notes').select('owner').execute())
    const { primary, result } = await counted(() =>
      Promise.all(Array.from({ length: 12 }, (_, n) => read(people[n % 3] ?? ''))),
    )
    const ofOne = [[{ owner: 'ann' }], [{ owner: 'bob' }], []]
    expect(result).toEqual(result.map((_, n) => ofOne[n % 3]))
    expect(primary.reads).toBe(0)
    await db.destroy()
  })

  it('of a transaction end with it, and reads are routed again', async () => {
    const db = drizzle({ client: pool })
    const inside = await db.transaction(async (tx) => {
      await tx.execute(text.raw(`select set_config('timezone', 'Asia/Tokyo', true)`))
      return tx.execute(text.raw(`select ${HOUR}`))
    })
    expect(inside.rows).toEqual([{ hour: '09' }])
    await shownByReplica(pool, `select ${HOUR}`)
    const { primary, result } = await counted(() => db.execute(text.raw(`select ${HOUR}`)))
    expect(result.rows).toEqual([{ hour: '00' }])
    expect(primary.reads).toBe(0)
  })
})
