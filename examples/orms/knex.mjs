// Knex: the pool is its connection pool (3.3 and later).
import knex from 'knex'
import { Pool } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pool = new Pool({ ...primary, replicas })
const db = knex({ client: 'pg', connectionPool: pool })

await db.schema.createTable('cities', (table) => {
  table.increments('id')
  table.text('name').notNullable()
})

await db.transaction(async (tx) => {
  await tx('cities').insert([{ name: 'Ghent' }, { name: 'Turku' }])
})
const find = () => db('cities').where({ name: 'Turku' })
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

await db.destroy()
await pool.end()
await stop()
