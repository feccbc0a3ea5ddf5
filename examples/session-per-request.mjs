// A session for each HTTP request: users read their own writes, also in their next request, while replicas serve them.
//
// Run: npm ci && npm run example examples/session-per-request.mjs
//
// Prints:
//   GET  visits 0, read from a replica, no cookie
//   POST visits 1, read from a replica, cookie
//   GET  visits 1, read from a replica, no cookie
import { createServer } from 'node:http'
import { Pool } from 'pg-switchyard'
import { sessionMiddleware } from 'pg-switchyard/http'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  catchUpTimeoutMs: 10_000,
  primarySpill: { share: 0 },
})
await pool.query('CREATE TABLE visits (at timestamptz NOT NULL DEFAULT now())')
await cluster.caughtUp()
await pool.ready()

// This function takes no session. It belongs to the session of the request that awaits it.
async function countVisits() {
  const sql = 'SELECT count(*)::int AS visits FROM visits'
  const { rows } = await pool.query(sql)
  const { route } = await pool.explain(sql)
  return `visits ${rows[0].visits}, read from a ${route.role}`
}

async function handle(request, response) {
  if (request.method === 'POST') await pool.query('INSERT INTO visits DEFAULT VALUES')
  response.end(await countVisits())
}

// Behind the middleware, everything that a request does runs in its session. A response to a request that wrote carries
// the position of the write in a cookie, from which the user's next request continues.
const session = sessionMiddleware({ pool })
const server = createServer((request, response) =>
  session(request, response, () => void handle(request, response)),
)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

const url = `http://127.0.0.1:${server.address().port}`
let cookie
for (const method of ['GET', 'POST', 'GET']) {
  const response = await fetch(url, { method, headers: cookie === undefined ? {} : { cookie } })
  const set = response.headers.get('set-cookie')
  cookie = set?.split(';')[0] ?? cookie
  console.log(`${method.padEnd(4)} ${await response.text()}, ${set === null ? 'no cookie' : 'cookie'}`)
}

server.close()
server.closeAllConnections()
await pool.end()
await cluster.stop()
