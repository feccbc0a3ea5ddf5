import { Kysely, Migrator, PostgresDialect, sql, type Generated, type Migration } from 'kysely'
import Cursor from 'pg-cursor'
import { DatabaseError, Pool } from '../../../src/index.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

interface Tables {
  readonly people: Person
  readonly notes: { readonly id: Generated<number>; readonly person_id: number; readonly title: string }
}

const migrations: Readonly<Record<string, Migration>> = {
  people: {
    up: async (db: Kysely<unknown>) => {
      await db.schema
        .createTable('people')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('email', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addUniqueConstraint('people_email_key', ['email'])
        .execute()
      await db.schema
        .createTable('notes')
        .addColumn('id', 'serial', (column) => column.primaryKey())
        .addColumn('person_id', 'integer', (column) =>
          column.notNull().references('people.id').onDelete('cascade'),
        )
        .addColumn('title', 'text', (column) => column.notNull())
        .execute()
    },
  },
}

function statements(db: Kysely<Tables>): Statements {
  return {
    insert: (person) => db.insertInto('people').values(person).execute(),
    rename: (id, name) => db.updateTable('people').set({ name }).where('id', '=', id).execute(),
    remove: (id) => db.deleteFrom('people').where('id', '=', id).execute(),
    find: (id) => db.selectFrom('people').selectAll().where('id', '=', id).executeTakeFirst(),
    list: () => db.selectFrom('people').selectAll().orderBy('id').execute(),
    count: async () => {
      const counted = db.selectFrom('people').select(({ fn }) => fn.countAll().as('count'))
      return Number((await counted.executeTakeFirstOrThrow()).count)
    },
    addNote: (personId, title) => db.insertInto('notes').values({ person_id: personId, title }).execute(),
    notesOf: async (personId) => {
      const rows = await db
        .selectFrom('people')
        .innerJoin('notes', 'notes.person_id', 'people.id')
        .select('notes.title')
        .where('people.id', '=', personId)
        .orderBy('notes.id')
        .execute()
      return rows.map(({ title }) => title)
    },
    raw: async (text) => (await sql.raw<Record<string, unknown>>(text).execute(db)).rows,
  }
}

/** `new PostgresDialect({ pool })` */
export const kyselyAdapter: OrmAdapter = {
  name: 'kysely',
  open: async (options) => {
    const pool = new Pool(options)
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) })
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
    const orm: Orm = {
      ...statements(db),
      pool,
      migrate: async () => {
        const { error } = await migrator.migrateToLatest()
        if (error instanceof Error) throw error
      },
      transaction: (work, isolation) => {
        const plain = db.transaction()
        const transaction = isolation === undefined ? plain : plain.setIsolationLevel(isolation)
        return transaction.execute((tx) => work(statements(tx)))
      },
      nested: async (work) => {
        const tx = await db.startTransaction().execute()
        await work(statements(tx), async (inner) => {
          const savepoint = await tx.savepoint('inner').execute()
          try {
            await inner(statements(savepoint))
            await savepoint.releaseSavepoint('inner').execute()
          } catch (error) {
            await savepoint.rollbackToSavepoint('inner').execute()
            throw error
          }
        })
        await tx.commit().execute()
      },
      readOnly: (work) =>
        db
          .transaction()
          .setAccessMode('read only')
          .execute((tx) => work(statements(tx))),
      stream: () => db.selectFrom('people').selectAll().orderBy('id').stream(20),
      violation: (error) =>
        error instanceof DatabaseError ? (error as DatabaseError & { code: string }) : undefined,
      close: () => db.destroy(),
    }
    return orm
  },
}
