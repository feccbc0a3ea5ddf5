// Objection: over a Knex that has the pool.
import knex from 'knex'
import { Model } from 'objection'
import { Pool } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pool = new Pool({ ...primary, replicas })
const db = knex({ client: 'pg', connectionPool: pool })
Model.knex(db)

class City extends Model {
  static tableName = 'cities'
}
await db.schema.createTable('cities', (table) => {
  table.increments('id')
  table.text('name').notNullable()
})

await City.transaction(async (tx) => {
  await City.query(tx).insert([{ name: 'Ghent' }, { name: 'Turku' }])
})
const find = () => City.query().where({ name: 'Turku' })
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

await db.destroy()
await pool.end()
await stop()
