// pg-promise: it makes its pools itself, of the class that it is given.
import pgPromise from 'pg-promise'
import { Pool } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pgp = pgPromise()
pgp.pg.Pool = Pool
const db = pgp({ ...primary, replicas })

await db.none('CREATE TABLE cities (id serial PRIMARY KEY, name text NOT NULL)')

await db.tx(async (tx) => {
  for (const name of ['Ghent', 'Turku']) await tx.none('INSERT INTO cities (name) VALUES ($1)', [name])
})
const find = () => db.any('SELECT * FROM cities WHERE name = $1', ['Turku'])
console.log('right after the write:', await find())
console.log(await readFromReplicas(db.$pool, find))

await db.$pool.end()
await stop()
