// Kysely: the pool is its dialect's.
import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pool = new Pool({ ...primary, replicas })
const db = new Kysely({ dialect: new PostgresDialect({ pool }) })

await db.schema
  .createTable('cities')
  .addColumn('id', 'serial', (column) => column.primaryKey())
  .addColumn('name', 'text', (column) => column.notNull())
  .execute()

await db.transaction().execute(async (tx) => {
  await tx
    .insertInto('cities')
    .values([{ name: 'Ghent' }, { name: 'Turku' }])
    .execute()
})
const find = () => db.selectFrom('cities').selectAll().where('name', '=', 'Turku').execute()
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

// Ends the pool, too.
await db.destroy()
await stop()
