import {
  createPostgreSqlTypeParsers,
  defineEntity,
  MikroORM,
  p,
  UniqueConstraintViolationException,
  type EntityManager,
} from '@mikro-orm/postgresql'
import { PostgresDialect } from 'kysely'
import Cursor from 'pg-cursor'
import { Pool, TypeOverrides, types as pgTypes } from '../../../src/index.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

const PersonEntity = defineEntity({
  name: 'Person',
  tableName: 'people',
  uniques: [{ name: 'people_email_key', properties: ['email'] }],
  properties: {
    id: p.integer().primary(),
    email: p.text(),
    name: p.text(),
    notes: () => p.oneToMany(NoteEntity).mappedBy('person').orderBy({ id: 'asc' }),
  },
})
const NoteEntity = defineEntity({
  name: 'Note',
  tableName: 'notes',
  properties: {
    id: p.integer().primary(),
    title: p.text(),
    person: () => p.manyToOne(PersonEntity).fieldName('person_id').deleteRule('cascade'),
  },
})

const TEXT_ARRAY = 1009 as typeof pgTypes.builtins.TEXT

const plain = ({ id, email, name }: Person): Person => ({ id, email, name })

/** `fresh` gives the entity manager for one call. */
function statements(fresh: () => EntityManager): Statements {
  return {
    insert: async (person) => {
      const em = fresh()
      em.create(PersonEntity, { ...person })
      await em.flush()
    },
    rename: (id, name) => fresh().nativeUpdate(PersonEntity, { id }, { name }),
    remove: (id) => fresh().nativeDelete(PersonEntity, { id }),
    find: async (id) => {
      const person = await fresh().findOne(PersonEntity, { id }, { disableIdentityMap: true })
      return person === null ? undefined : plain(person)
    },
    list: async () =>
      (await fresh().findAll(PersonEntity, { orderBy: { id: 'asc' }, disableIdentityMap: true })).map(plain),
    count: () => fresh().count(PersonEntity),
    addNote: (person, title) => fresh().insert(NoteEntity, { person, title }),
    notesOf: async (id) => {
      const person = await fresh().findOne(PersonEntity, { id }, { populate: ['notes'] })
      return person?.notes.map(({ title }) => title) ?? []
    },
    raw: (text) => fresh().execute(text),
  }
}

/** `driverOptions: new PostgresDialect({ pool, cursor: Cursor })` */
export const mikroOrmAdapter: OrmAdapter = {
  name: 'mikro-orm',
  open: async (options) => {
    const types = new TypeOverrides()
    const parsers = createPostgreSqlTypeParsers(pgTypes.getTypeParser(TEXT_ARRAY))
    for (const [oid, parse] of Object.entries(parsers)) types.setTypeParser(Number(oid), parse)
    const pool = new Pool({ ...options, types })
    const orm = await MikroORM.init({
      entities: [PersonEntity, NoteEntity],
      dbName: options.database ?? 'postgres',
      driverOptions: new PostgresDialect({ pool, cursor: Cursor }),
    })
    const { em } = orm
    const made: Orm = {
      ...statements(() => em.fork()),
      pool,
      migrate: () => orm.schema.update(),
      transaction: (work, isolation) =>
        em
          .fork()
          .transactional(
            (tx) => work(statements(() => tx)),
            isolation === undefined ? {} : { isolationLevel: isolation },
          ),
      nested: (work) =>
        em.fork().transactional((tx) =>
          work(
            statements(() => tx),
            (inner) => tx.transactional((savepoint) => inner(statements(() => savepoint))),
          ),
        ),
      readOnly: (work) => em.fork().transactional((tx) => work(statements(() => tx)), { readOnly: true }),
      stream: async function* () {
        for await (const person of em.fork().stream(PersonEntity, { orderBy: { id: 'asc' } })) {
          yield plain(person)
        }
      },
      violation: (error) =>
        error instanceof UniqueConstraintViolationException
          ? (error as Error as { code: string } & Error)
          : undefined,
      close: async () => {
        await orm.close()
      },
    }
    return made
  },
}
