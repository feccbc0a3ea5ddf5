// A web server that gives each request a session: whoever wrote reads from a replica that has what they wrote.
import { createServer } from 'node:http'
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({ ...cluster.primary.config, replicas: cluster.replicas.map(({ config }) => config) })
await pool.query('CREATE TABLE visits (at timestamptz NOT NULL DEFAULT now())')
await cluster.caughtUp()
// From now on a first read may run on the replica.
await pool.ready()

/** Knows nothing of sessions: the one of the request follows everything that is awaited. */
async function countVisits() {
  const { rows } = await pool.query('SELECT count(*)::int AS visits FROM visits')
  const { route } = await pool.explain('SELECT count(*) FROM visits')
  return { visits: rows[0].visits, from: route.role }
}

const server = createServer((request, response) => {
  void pool.withSession(async () => {
    if (request.method === 'POST') await pool.query('INSERT INTO visits DEFAULT VALUES')
    response.end(JSON.stringify(await countVisits()))
  })
})
server.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))

const url = `http://127.0.0.1:${server.address().port}`
console.log('GET ', await (await fetch(url)).text())
console.log('POST', await (await fetch(url, { method: 'POST' })).text())
console.log('GET ', await (await fetch(url)).text())

server.close()
server.closeAllConnections()
await pool.end()
await cluster.stop()
