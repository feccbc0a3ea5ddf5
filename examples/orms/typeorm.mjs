// TypeORM: this package in place of pg, and the replicas in `extra`.
import pg from 'pg-switchyard'
import { DataSource, EntitySchema } from 'typeorm'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()
const { user: username, ...address } = primary

const City = new EntitySchema({
  name: 'City',
  tableName: 'cities',
  columns: { id: { type: 'int', primary: true, generated: 'increment' }, name: { type: 'text' } },
})
const source = await new DataSource({
  type: 'postgres',
  ...address,
  username,
  driver: pg,
  extra: { replicas },
  entities: [City],
  synchronize: true,
}).initialize()
const pool = source.driver.master

await source.transaction(async (tx) => {
  await tx.save(City, [{ name: 'Ghent' }, { name: 'Turku' }])
})
const find = () => source.getRepository(City).findBy({ name: 'Turku' })
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

// Ends the pool, too.
await source.destroy()
await stop()
