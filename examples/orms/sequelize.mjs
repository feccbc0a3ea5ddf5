// Sequelize creates its connections itself, with the `Client` of the module that it is given. The module has the
// options that Sequelize does not pass on, such as the replicas.
import pg from 'pg'
import { wrapPg } from 'pg-switchyard'
import { DataTypes, Sequelize } from 'sequelize'
import { startServers } from './servers.mjs'

const { primary, replicas, stop } = await startServers()

const { host, port, user: username, password, database } = primary
const db = new Sequelize({
  dialect: 'postgres',
  host,
  port,
  username,
  password,
  database,
  dialectModule: wrapPg(pg, { replicas }),
  logging: false,
})

const City = db.define('city', { name: DataTypes.TEXT }, { tableName: 'cities', timestamps: false })
await db.sync()

await db.transaction(async (transaction) => {
  await City.bulkCreate([{ name: 'Ghent' }, { name: 'Turku' }], { transaction })
})
const find = () => City.findAll({ where: { name: 'Turku' }, raw: true })
console.log('right after the write:', await find())

// There is no pool to ask for its statistics; the servers know.
let readers = 0
for (let n = 0; readers < replicas.length; n++) {
  await find()
  if (n % 100 === 99) readers = await count(replicas, 'FROM "cities" AS "city"')
}
console.log(`${readers} of ${replicas.length} replicas have answered`)

await db.close()
await stop()

/** How many servers have a connection that ran such a statement last. */
async function count(servers, text) {
  let found = 0
  for (const server of servers) {
    const client = new pg.Client(server)
    await client.connect()
    const sql = 'SELECT FROM pg_stat_activity WHERE position($1 IN query) > 0 AND pid <> pg_backend_pid()'
    const { rowCount } = await client.query(sql, [text])
    if (rowCount > 0) found += 1
    await client.end()
  }
  return found
}
