import knex, { type Knex } from 'knex'
import { DatabaseError, Pool } from '../../../src/index.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

const peopleMigrations: Knex.MigrationSource<string> = {
  getMigrations: async () => ['people'],
  getMigrationName: (name) => name,
  getMigration: async () => ({
    up: async (db) => {
      await db.schema.createTable('people', (table) => {
        table.integer('id').primary()
        table.text('email').notNullable().unique({ indexName: 'people_email_key' })
        table.text('name').notNullable()
      })
      await db.schema.createTable('notes', (table) => {
        table.increments('id')
        table.integer('person_id').notNullable().references('people.id').onDelete('cascade')
        table.text('title').notNullable()
      })
    },
    down: async (db) => {
      await db.schema.dropTable('notes').dropTable('people')
    },
  }),
}

function statements(db: Knex): Statements {
  return {
    insert: async (person) => db('people').insert(person),
    rename: async (id, name) => db('people').where({ id }).update({ name }),
    remove: async (id) => db('people').where({ id }).delete(),
    find: async (id) => db<Person>('people').where({ id }).first(),
    list: async () => db<Person>('people').orderBy('id'),
    count: async () => Number((await db('people').count({ count: '*' }))[0]?.['count']),
    addNote: async (personId, title) => db('notes').insert({ person_id: personId, title }),
    notesOf: async (personId) =>
      db('notes')
        .join('people', 'people.id', 'notes.person_id')
        .where('people.id', personId)
        .orderBy('notes.id')
        .pluck('title'),
    raw: async (text) => (await db.raw<{ rows: Record<string, unknown>[] }>(text)).rows,
  }
}

/** `knex({ client: 'pg', connectionPool: pool })` */
export function knexOver(pool: Pool): Knex {
  return knex({ client: 'pg', connectionPool: pool } as Knex.Config)
}

/** What is done with knex itself, whoever makes the statements. */
export function knexOrm(
  db: Knex,
  pool: Pool,
  statementsOf: (db: Knex) => Statements,
): Pick<Orm, keyof Statements | 'pool' | 'migrate' | 'transaction' | 'readOnly' | 'close'> {
  return {
    ...statementsOf(db),
    pool,
    migrate: async () => db.migrate.latest({ migrationSource: peopleMigrations }),
    transaction: (work, isolation) =>
      db.transaction(
        (tx) => work(statementsOf(tx)),
        isolation === undefined ? undefined : { isolationLevel: isolation },
      ),
    readOnly: (work) => db.transaction((tx) => work(statementsOf(tx)), { readOnly: true }),
    close: async () => {
      await db.destroy()
      await pool.end()
    },
  }
}

export const knexAdapter: OrmAdapter = {
  name: 'knex',
  open: async (options) => {
    const pool = new Pool(options)
    const db = knexOver(pool)
    const orm: Orm = {
      ...knexOrm(db, pool, statements),
      nested: (work) =>
        db.transaction((tx) =>
          work(statements(tx), (inner) => tx.transaction((savepoint) => inner(statements(savepoint)))),
        ),
      stream: () => streamed(db('people').orderBy('id')),
      violation: (error) =>
        error instanceof DatabaseError ? (error as DatabaseError & { code: string }) : undefined,
    }
    return orm
  },
}

/**
 * By a handler of `data` events: when a loop has read such a stream to its end, knex 3.3.0 gives the connection back a second
 * time, which throws where nobody catches it, with `pg.Pool` as well.
 */
export async function* streamed(query: Knex.QueryBuilder): AsyncGenerator {
  const rows: unknown[] = []
  await query.stream((stream) => stream.on('data', (row) => rows.push(row)))
  yield* rows
}
