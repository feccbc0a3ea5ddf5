// A serverless function: the platform may freeze the process after each response. So the pool keeps no timers and asks
// no server between two requests.
//
// Run: npm ci && npm run example examples/serverless-handler.mjs
//
// Prints:
//   first request: 3 items from a replica
//   statements while it is frozen: 0
//   second request: 3 items from a replica
import { setTimeout } from 'node:timers/promises'
import pg, { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })

// Outside of the handler: one pool for all requests that this instance of the function serves.
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  lifecycle: 'suspending',
  application_name: 'function',
  // An instance serves one request at a time.
  max: 2,
  // The platform ends the process by itself. Idle connections do not keep it alive, and no timer closes them.
  allowExitOnIdle: true,
  idleTimeoutMillis: 0,
})

async function handler() {
  const sql = 'SELECT count(*)::int AS items FROM items'
  const { rows } = await pool.query(sql)
  const { route } = await pool.explain(sql)
  return { statusCode: 200, body: `${rows[0].items} items from a ${route.role}` }
}

// The rest plays the platform.
await pool.query('CREATE TABLE items AS SELECT generate_series(1, 3) AS id')
await cluster.caughtUp()
await pool.ready()
console.log(`first request: ${(await handler()).body}`)

const onlooker = new pg.Client(cluster.primary.config)
await onlooker.connect()
const { rows: before } = await onlooker.query('SELECT clock_timestamp()::text AS frozen_at')
await setTimeout(1_500)
const { rows: since } = await onlooker.query(
  "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'function' AND query_start > $1",
  [before[0].frozen_at],
)
await onlooker.end()
console.log(`statements while it is frozen: ${since[0].count}`)

console.log(`second request: ${(await handler()).body}`)

await pool.end()
await cluster.stop()
