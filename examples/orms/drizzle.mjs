// drizzle-orm: the pool is its client.
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, serial, text } from 'drizzle-orm/pg-core'
import { Pool } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pool = new Pool({ ...primary, replicas })
const db = drizzle({ client: pool })

const cities = pgTable('cities', { id: serial().primaryKey(), name: text().notNull() })
await db.execute('CREATE TABLE cities (id serial PRIMARY KEY, name text NOT NULL)')

await db.transaction(async (tx) => {
  await tx.insert(cities).values([{ name: 'Ghent' }, { name: 'Turku' }])
})
const find = () => db.select().from(cities).where(eq(cities.name, 'Turku'))
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

await pool.end()
await stop()
