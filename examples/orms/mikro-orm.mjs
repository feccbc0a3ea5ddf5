// MikroORM: a dialect with the pool as its driver's options. The parsers are those that it gives to pools of its own.
import { createPostgreSqlTypeParsers, defineEntity, MikroORM, p } from '@mikro-orm/postgresql'
import { PostgresDialect } from 'kysely'
import { Pool, TypeOverrides, types } from 'pg-switchyard'
import { readFromReplicas, startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const overrides = new TypeOverrides()
const textArray = types.getTypeParser(1009)
for (const [oid, parse] of Object.entries(createPostgreSqlTypeParsers(textArray))) {
  overrides.setTypeParser(Number(oid), parse)
}
const pool = new Pool({ ...primary, replicas, types: overrides })
const City = defineEntity({
  name: 'City',
  tableName: 'cities',
  properties: { id: p.integer().primary(), name: p.text() },
})
const orm = await MikroORM.init({
  entities: [City],
  dbName: primary.database,
  driverOptions: new PostgresDialect({ pool }),
})
await orm.schema.create()

await orm.em.fork().transactional(async (tx) => {
  for (const name of ['Ghent', 'Turku']) tx.create(City, { name })
})
const find = () => orm.em.fork().findAll(City, { where: { name: 'Turku' } })
console.log('right after the write:', await find())
console.log(await readFromReplicas(pool, find))

// Ends the pool, too.
await orm.close()
await stop()
