import pg, { type DatabaseError } from 'pg'
import { DataTypes, Sequelize, Transaction, UniqueConstraintError } from 'sequelize'
import type { Model, ModelStatic } from 'sequelize'
import { wrapPg } from '../../../src/index.ts'
import type { Orm, OrmAdapter, Person, Statements } from '../orm.ts'

interface Models {
  readonly sequelize: Sequelize
  readonly people: ModelStatic<Model>
  readonly notes: ModelStatic<Model>
}

function modelsOf(sequelize: Sequelize): Models {
  const options = { timestamps: false }
  const id = { type: DataTypes.INTEGER, primaryKey: true }
  const text = { type: DataTypes.TEXT, allowNull: false }
  const email = { ...text, unique: 'people_email_key' }
  const people = sequelize.define('people', { id, email, name: text }, { ...options, tableName: 'people' })
  const noteId = { ...id, autoIncrement: true }
  const notes = sequelize.define('notes', { id: noteId, title: text }, { ...options, tableName: 'notes' })
  people.hasMany(notes, {
    foreignKey: { name: 'person_id', allowNull: false },
    as: 'notes',
    onDelete: 'cascade',
  })
  return { sequelize, people, notes }
}

const plain = (row: Model): Person => row.get({ plain: true })

function statements({ sequelize, people, notes }: Models, given?: Transaction): Statements {
  const transaction = given ?? null
  return {
    insert: (person) => people.create({ ...person }, { transaction }),
    rename: (id, name) => people.update({ name }, { where: { id }, transaction }),
    remove: (id) => people.destroy({ where: { id }, transaction }),
    find: async (id) => {
      const row = await people.findByPk(id, { transaction })
      return row === null ? undefined : plain(row)
    },
    list: async () => (await people.findAll({ order: ['id'], transaction })).map(plain),
    count: () => people.count({ transaction }),
    addNote: (personId, title) => notes.create({ person_id: personId, title }, { transaction }),
    notesOf: async (id) => {
      const order: [[string, string]] = [['notes', 'id']]
      const row = await people.findByPk(id, { include: 'notes', order, transaction })
      return ((row?.get('notes') ?? []) as Model[]).map((note) => note.get('title') as string)
    },
    raw: async (text) => (await sequelize.query(text, { transaction }))[0] as Record<string, unknown>[],
  }
}

/** `new Sequelize({ dialect: 'postgres', dialectModule: wrapPg(pg, { replicas }) })` */
export const sequelizeAdapter: OrmAdapter = {
  name: 'sequelize',
  lacks: {
    pool: 'it makes clients one by one, and has a pool of its own for them',
    stream: 'version 6 has none',
    readOnly: 'it begins its transactions without an access mode',
  },
  open: async ({ host, port, user, password, database, max, ...cluster }) => {
    const sequelize = new Sequelize({
      dialect: 'postgres',
      dialectModule: wrapPg(pg, cluster),
      ...({
        host,
        port,
        username: user,
        password,
        database,
        pool: { max },
      } as object),
      logging: false,
    })
    const models = modelsOf(sequelize)
    const { READ_COMMITTED, SERIALIZABLE } = Transaction.ISOLATION_LEVELS
    const orm: Orm = {
      ...statements(models),
      migrate: () => sequelize.sync(),
      transaction: (work, isolation) => {
        const isolationLevel = isolation === undefined ? READ_COMMITTED : SERIALIZABLE
        return sequelize.transaction({ isolationLevel }, (tx) => work(statements(models, tx)))
      },
      nested: (work) =>
        sequelize.transaction((transaction) =>
          work(statements(models, transaction), (inner) =>
            sequelize.transaction({ transaction }, (savepoint) => inner(statements(models, savepoint))),
          ),
        ),
      violation: (error) =>
        error instanceof UniqueConstraintError
          ? (error.parent as Error as DatabaseError & { code: string })
          : undefined,
      close: () => sequelize.close(),
    }
    return orm
  },
}
