// A report from one moment: a read-only transaction runs on a replica, and all of its statements see the same data.
//
// Run: npm ci && npm run example examples/read-only-report.mjs
//
// Prints:
//   BEGIN ran on a replica
//   SELECT orders ran on a replica
//   INSERT orders ran on the primary
//   SELECT orders ran on a replica
//   COMMIT ran on a replica
//   1 order, total 30; the list has 1 entry
//   a write in it fails: cannot execute INSERT in a read-only transaction
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  catchUpTimeoutMs: 10_000,
  primarySpill: { share: 0 },
})
await pool.query('CREATE TABLE orders (amount int NOT NULL)')
await pool.query('INSERT INTO orders VALUES (30)')
await cluster.caughtUp()
await pool.ready()

const show = ({ summary, role }) =>
  console.log(`${summary} ran on ${role === 'primary' ? 'the primary' : 'a replica'}`)
pool.events.on('execution', show)

const snapshot = { readOnly: true, isolation: 'repeatable read' }
const report = await pool.transaction(async (client) => {
  const { rows: totals } = await client.query(
    'SELECT count(*)::int AS orders, sum(amount)::int AS total FROM orders',
  )
  // An order that arrives meanwhile. The transaction does not see it, on whichever server.
  await pool.query('INSERT INTO orders VALUES (70)')
  const { rows: list } = await client.query('SELECT amount FROM orders')
  return { ...totals[0], entries: list.length }
}, snapshot)
pool.events.off('execution', show)
console.log(`${report.orders} order, total ${report.total}; the list has ${report.entries} entry`)

await pool
  .transaction((client) => client.query('INSERT INTO orders VALUES (1)'), snapshot)
  .catch((error) => console.log(`a write in it fails: ${error.message}`))

await pool.end()
await cluster.stop()
