import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, count, DrizzleQueryError, eq, relations, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { integer, pgTable, serial, text, unique } from 'drizzle-orm/pg-core'
import { DatabaseError, Pool } from '../../../src/index.ts'
import { SCHEMA, type Orm, type OrmAdapter, type Statements } from '../orm.ts'

const people = pgTable(
  'people',
  { id: integer().primaryKey(), email: text().notNull(), name: text().notNull() },
  (table) => [unique('people_email_key').on(table.email)],
)
const notes = pgTable('notes', {
  id: serial().primaryKey(),
  personId: integer('person_id').notNull(),
  title: text().notNull(),
})
const schema = {
  people,
  notes,
  ofPeople: relations(people, ({ many }) => ({ notes: many(notes) })),
  ofNotes: relations(notes, ({ one }) => ({
    person: one(people, { fields: [notes.personId], references: [people.id] }),
  })),
}

type Database = Pick<
  NodePgDatabase<typeof schema>,
  'insert' | 'update' | 'delete' | 'select' | 'query' | 'execute'
>

function statements(db: Database): Statements {
  return {
    insert: async (person) => db.insert(people).values(person),
    rename: async (id, name) => db.update(people).set({ name }).where(eq(people.id, id)),
    remove: async (id) => db.delete(people).where(eq(people.id, id)),
    find: async (id) => (await db.select().from(people).where(eq(people.id, id)))[0],
    list: async () => db.select().from(people).orderBy(asc(people.id)),
    count: async () => (await db.select({ count: count() }).from(people))[0]?.count ?? 0,
    addNote: async (personId, title) => db.insert(notes).values({ personId, title }),
    notesOf: async (id) => {
      const person = await db.query.people.findFirst({
        where: eq(people.id, id),
        with: { notes: { orderBy: asc(notes.id) } },
      })
      return person?.notes.map(({ title }) => title) ?? []
    },
    raw: async (query) => (await db.execute(sql.raw(query))).rows,
  }
}

/** `drizzle({ client: pool })` */
export const drizzleAdapter: OrmAdapter = {
  name: 'drizzle-orm',
  lacks: { stream: 'its node-postgres driver has no iterator' },
  open: async (options) => {
    const pool = new Pool(options)
    const db = drizzle({ client: pool, schema })
    const orm: Orm = {
      ...statements(db),
      pool,
      migrate: () => inMigrationsFolder((migrationsFolder) => migrate(db, { migrationsFolder })),
      transaction: (work, isolation) =>
        db.transaction(
          (tx) => work(statements(tx)),
          isolation === undefined ? undefined : { isolationLevel: isolation },
        ),
      nested: (work) =>
        db.transaction((tx) =>
          work(statements(tx), (inner) => tx.transaction((savepoint) => inner(statements(savepoint)))),
        ),
      readOnly: (work) => db.transaction((tx) => work(statements(tx)), { accessMode: 'read only' }),
      violation: (error) => {
        const isOwn = error instanceof DrizzleQueryError && error.cause instanceof DatabaseError
        return isOwn ? (error.cause as DatabaseError & { code: string }) : undefined
      },
      close: () => pool.end(),
    }
    return orm
  },
}

/** The files that drizzle-kit would have written. */
async function inMigrationsFolder<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'drizzle-'))
  try {
    const entries = [{ idx: 0, version: '7', when: 1, tag: '0000_people', breakpoints: true }]
    await mkdir(join(path, 'meta'))
    await writeFile(
      join(path, 'meta', '_journal.json'),
      JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
    )
    // Not "if not exists": a migration that is applied twice fails.
    const ddl = SCHEMA.join('\n--> statement-breakpoint\n').replaceAll('if not exists ', '')
    await writeFile(join(path, '0000_people.sql'), ddl)
    return await use(path)
  } finally {
    await rm(path, { recursive: true })
  }
}
