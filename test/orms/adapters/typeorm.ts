import {
  DataSource,
  EntitySchema,
  QueryFailedError,
  Table,
  type EntityManager,
  type MigrationInterface,
} from 'typeorm'
import switchyard, { type Pool } from '../../../src/index.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

interface Note {
  readonly id: number
  readonly title: string
  readonly person: { readonly id: number }
}

const PersonEntity = new EntitySchema<Person & { readonly notes?: Note[] }>({
  name: 'Person',
  tableName: 'people',
  columns: { id: { type: 'int', primary: true }, email: { type: 'text' }, name: { type: 'text' } },
  uniques: [{ name: 'people_email_key', columns: ['email'] }],
  relations: { notes: { type: 'one-to-many', target: 'Note', inverseSide: 'person' } },
})
const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes',
  columns: { id: { type: 'int', primary: true, generated: 'increment' }, title: { type: 'text' } },
  relations: {
    person: {
      type: 'many-to-one',
      target: 'Person',
      joinColumn: { name: 'person_id' },
      inverseSide: 'notes',
    },
  },
})

class CreatePeople1700000000000 implements MigrationInterface {
  async up(runner: Parameters<MigrationInterface['up']>[0]): Promise<void> {
    const people = new Table({
      name: 'people',
      columns: [
        { name: 'id', type: 'int', isPrimary: true },
        { name: 'email', type: 'text' },
        { name: 'name', type: 'text' },
      ],
      uniques: [{ name: 'people_email_key', columnNames: ['email'] }],
    })
    const person = {
      columnNames: ['person_id'],
      referencedTableName: 'people',
      referencedColumnNames: ['id'],
    }
    const notes = new Table({
      name: 'notes',
      columns: [
        { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
        { name: 'person_id', type: 'int' },
        { name: 'title', type: 'text' },
      ],
      foreignKeys: [{ ...person, onDelete: 'CASCADE' }],
    })
    await runner.createTable(people)
    await runner.createTable(notes)
  }

  async down(runner: Parameters<MigrationInterface['down']>[0]): Promise<void> {
    await runner.dropTable('notes')
    await runner.dropTable('people')
  }
}

function statements(manager: EntityManager): Statements {
  return {
    insert: (person) => manager.save(PersonEntity, { ...person }),
    rename: (id, name) => manager.update(PersonEntity, { id }, { name }),
    remove: (id) => manager.delete(PersonEntity, { id }),
    find: async (id) => (await manager.findOneBy(PersonEntity, { id })) ?? undefined,
    list: () => manager.find(PersonEntity, { order: { id: 'asc' } }),
    count: () => manager.count(PersonEntity),
    addNote: (id, title) => manager.insert(NoteEntity, { title, person: { id } }),
    notesOf: async (id) => {
      const relations = { notes: true } as const
      const order = { notes: { id: 'asc' } } as const
      const person = await manager.findOne(PersonEntity, { where: { id }, relations, order })
      return person?.notes?.map(({ title }) => title) ?? []
    },
    raw: (text) => manager.query(text),
  }
}

/** `new DataSource({ type: 'postgres', driver: pg, extra: { replicas } })`, where `pg` is the module of this package. */
export const typeormAdapter: OrmAdapter = {
  name: 'typeorm',
  lacks: { readOnly: 'it begins its transactions without an access mode' },
  open: async ({ host, port, user, password, database, max, ...extra }) => {
    const source = await new DataSource({
      type: 'postgres',
      driver: switchyard,
      ...({ host, port, username: user, password, database, poolSize: max } as object),
      extra,
      entities: [PersonEntity, NoteEntity],
      migrations: [CreatePeople1700000000000],
    }).initialize()
    const orm: Orm = {
      ...statements(source.manager),
      pool: (source.driver as unknown as { master: Pool }).master,
      migrate: () => source.runMigrations(),
      transaction: (work, isolation) =>
        source.transaction(isolation === undefined ? 'READ COMMITTED' : 'SERIALIZABLE', (tx) =>
          work(statements(tx)),
        ),
      nested: (work) =>
        source.transaction((tx) =>
          work(statements(tx), (inner) => tx.transaction((savepoint) => inner(statements(savepoint)))),
        ),
      stream: async function* () {
        const runner = source.createQueryRunner()
        try {
          yield* await runner.stream('select * from people order by id')
        } finally {
          await runner.release()
        }
      },
      violation: (error) =>
        error instanceof QueryFailedError ? (error.driverError as { code: string } & Error) : undefined,
      close: () => source.destroy(),
    }
    return orm
  },
}
