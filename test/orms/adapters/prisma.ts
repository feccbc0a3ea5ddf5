import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClientKnownRequestError } from '@prisma/client/runtime/client'
import { Pool } from '../../../src/index.ts'
import { SCHEMA, type Orm, type OrmAdapter, type Person, type Statements, type Violation } from '../orm.ts'
import { createPrismaClient, type PrismaTransaction } from './prisma-client.ts'

function statements(db: PrismaTransaction): Statements {
  return {
    insert: async (data: Person) => db.person.create({ data }),
    rename: async (id, name) => db.person.update({ where: { id }, data: { name } }),
    remove: async (id) => db.person.delete({ where: { id } }),
    find: async (id) => (await db.person.findUnique({ where: { id } })) ?? undefined,
    list: async () => db.person.findMany({ orderBy: { id: 'asc' } }),
    count: async () => db.person.count(),
    addNote: async (personId, title) => db.note.create({ data: { personId, title } }),
    notesOf: async (id) => {
      const include = { notes: { orderBy: { id: 'asc' } } }
      const person = await db.person.findUnique({ where: { id }, include })
      return person?.notes?.map(({ title }) => title) ?? []
    },
    raw: async (sql) => db.$queryRawUnsafe(sql),
  }
}

/** Its own limits, 2 s to begin and 5 s to end, are a matter of the machine. */
const PATIENT = { maxWait: 30_000, timeout: 30_000 }

/** `new PrismaClient({ adapter: new PrismaPg(pool) })` */
export const prismaAdapter: OrmAdapter = {
  name: 'prisma',
  lacks: {
    stream: 'it reads a page at a time',
    readOnly: 'it begins its transactions without an access mode',
  },
  open: async (options) => {
    const pool = new Pool(options)
    const factory = new PrismaPg(pool)
    const db = createPrismaClient({ adapter: factory, transactionOptions: PATIENT })
    const orm: Orm = {
      ...statements(db),
      pool,
      // As its migrations do it.
      migrate: async () => {
        const connection = await factory.connect()
        await connection.executeScript(SCHEMA.join(';'))
        await connection.dispose()
      },
      transaction: (work, isolation) => {
        const isolationLevel = isolation === undefined ? 'ReadCommitted' : 'Serializable'
        return db.$transaction((tx) => work(statements(tx)), { isolationLevel })
      },
      nested: (work) =>
        db.$transaction((tx) =>
          work(statements(tx), (inner) => tx.$transaction((savepoint) => inner(statements(savepoint)))),
        ),
      violation: (error) => (error instanceof PrismaClientKnownRequestError ? violationOf(error) : undefined),
      close: async () => {
        await db.$disconnect()
        await pool.end()
      },
    }
    return orm
  },
}

function violationOf(error: PrismaClientKnownRequestError): Violation | undefined {
  const { cause } = (error.meta?.['driverAdapterError'] ?? {}) as {
    cause?: { originalCode: string; constraint?: { index?: string }; table?: string }
  }
  if (error.code !== 'P2002' || cause === undefined) return undefined
  return { code: cause.originalCode, constraint: cause.constraint?.index, table: cause.table }
}
