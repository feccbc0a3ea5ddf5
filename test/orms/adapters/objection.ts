import {
  Model,
  UniqueViolationError,
  type Modifiers,
  type QueryBuilder,
  type RelationMappings,
  type TransactionOrKnex,
} from 'objection'
import { Pool } from '../../../src/index.ts'
import { knexOrm, knexOver, streamed } from './knex.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

class Note extends Model {
  static override readonly tableName = 'notes'
  declare id: number
  declare person_id: number
  declare title: string
}

class PersonModel extends Model {
  static override readonly tableName = 'people'
  declare id: number
  declare email: string
  declare name: string
  declare notes?: Note[]

  static override get relationMappings(): RelationMappings {
    return {
      notes: {
        relation: Model.HasManyRelation,
        modelClass: Note,
        join: { from: 'people.id', to: 'notes.person_id' },
      },
    }
  }
}

const ORDERED: Modifiers = { byId: (query) => void query.orderBy('id') }

function statements(db: TransactionOrKnex): Statements {
  const people = (): QueryBuilder<PersonModel> => PersonModel.query(db)
  return {
    insert: async (person) => people().insert(person),
    rename: async (id, name) => people().findById(id).patch({ name }),
    remove: async (id) => people().deleteById(id),
    find: async (id) => (await people().findById(id))?.$toJson(),
    list: async () => (await people().orderBy('id')).map((person) => person.$toJson() as unknown as Person),
    count: () => people().resultSize(),
    addNote: async (personId, title) => Note.query(db).insert({ person_id: personId, title }),
    notesOf: async (personId) => {
      const person = await people().findById(personId).withGraphFetched('notes(byId)').modifiers(ORDERED)
      return person?.notes?.map(({ title }) => title) ?? []
    },
    raw: async (text) => (await db.raw(text)).rows,
  }
}

/** `Model.knex(knex({ client: 'pg', connectionPool: pool }))` */
export const objectionAdapter: OrmAdapter = {
  name: 'objection',
  open: async (options) => {
    const pool = new Pool(options)
    const db = knexOver(pool)
    const People = PersonModel.bindKnex(db)
    const orm: Orm = {
      ...knexOrm(db, pool, statements),
      nested: (work) =>
        People.transaction((tx) =>
          work(statements(tx), (inner) => tx.transaction((savepoint) => inner(statements(savepoint)))),
        ),
      stream: () => streamed(People.query().orderBy('id').toKnexQuery()),
      violation: (error) => {
        if (!(error instanceof UniqueViolationError)) return undefined
        const { constraint, table } = error
        return { code: '23505', constraint, table }
      },
    }
    return orm
  },
}
