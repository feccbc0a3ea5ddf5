// Prisma: the pool is its adapter's.
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg-switchyard'
import { PrismaClient } from './prisma-client.mjs'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const pool = new Pool({ ...primary, replicas })
const db = new PrismaClient({ adapter: new PrismaPg(pool) })

await pool.query('CREATE TABLE cities (id serial PRIMARY KEY, name text NOT NULL)')

await db.$transaction(async (tx) => {
  await tx.city.createMany({ data: [{ name: 'Ghent' }, { name: 'Turku' }] })
})
const find = () => db.city.findMany({ where: { name: 'Turku' } })
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

await db.$disconnect()
await pool.end()
await stop()
