import pgPromise, { type IBaseProtocol } from 'pg-promise'
import QueryStream from 'pg-query-stream'
import { Pool } from '../../../src/index.ts'
import { SCHEMA, type Orm, type OrmAdapter, type Person, type Statements } from '../orm.ts'

type Task = Pick<IBaseProtocol<object>, 'none' | 'oneOrNone' | 'any' | 'one' | 'map'>

function statements(db: Task): Statements {
  return {
    insert: (person) =>
      db.none('insert into people (id, email, name) values ($<id>, $<email>, $<name>)', person),
    rename: (id, name) => db.none('update people set name = $2 where id = $1', [id, name]),
    remove: (id) => db.none('delete from people where id = $1', [id]),
    find: async (id) => (await db.oneOrNone<Person>('select * from people where id = $1', [id])) ?? undefined,
    list: () => db.any<Person>('select * from people order by id'),
    count: () => db.one('select count(*) from people', [], (row: { count: string }) => Number(row.count)),
    addNote: (personId, title) =>
      db.none('insert into notes (person_id, title) values ($1, $2)', [personId, title]),
    notesOf: (personId) =>
      db.map(
        'select title from people join notes on person_id = people.id where people.id = $1 order by notes.id',
        [personId],
        ({ title }: { title: string }) => title,
      ),
    raw: (text) => db.any(text),
  }
}

/** `pgp.pg.Pool = Pool` */
export const pgPromiseAdapter: OrmAdapter = {
  name: 'pg-promise',
  open: async (options) => {
    const pgp = pgPromise({ noWarnings: true })
    const { DatabaseError } = pgp.pg as unknown as typeof import('pg')
    Object.assign(pgp.pg, { Pool })
    const db = pgp(options as object)
    const { TransactionMode, isolationLevel } = pgPromise.txMode
    const orm: Orm = {
      ...statements(db),
      pool: db.$pool as unknown as Pool,
      migrate: () => db.tx((tx) => tx.batch(SCHEMA.map((ddl) => tx.none(ddl)))),
      transaction: (work, isolation) => {
        const tiLevel = isolation === undefined ? isolationLevel.none : isolationLevel.serializable
        return db.tx({ mode: new TransactionMode({ tiLevel }) }, (tx) => work(statements(tx)))
      },
      nested: (work) =>
        db.tx((tx) => work(statements(tx), (inner) => tx.tx((savepoint) => inner(statements(savepoint))))),
      readOnly: (work) =>
        db.tx({ mode: new TransactionMode({ readOnly: true }) }, (tx) => work(statements(tx))),
      stream: async function* () {
        const rows: unknown[] = []
        const query = new QueryStream('select * from people order by id')
        await db.stream(query, (stream) => void stream.on('data', (row) => rows.push(row)))
        yield* rows
      },
      violation: (error) =>
        error instanceof DatabaseError ? (error as { code: string } & typeof error) : undefined,
      close: () => db.$pool.end(),
    }
    return orm
  },
}
