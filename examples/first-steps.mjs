// First steps: which server runs each statement, and why.
//
// Run: npm ci && npm run example examples/first-steps.mjs
//
// Prints:
//   CREATE TABLE greetings ran on the primary (not-a-read)
//   INSERT greetings ran on the primary (not-a-read)
//   SELECT greetings ran on a replica (read)
//   hello
//   replicas answered … of 20 reads, the primary 0
//   SELECT * FROM greetings → replica: select
//   SELECT * FROM greetings FOR SHARE → primary: row-lock
//   DELETE FROM greetings → primary: data-modifying
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

// A primary and two replicas on this machine. In production these are your own servers.
const cluster = await startCluster({ replicas: 2 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  // A read after a write waits for a replica that shows it, also where the primary would answer sooner. So this program
  // prints the same on a busy machine.
  catchUpTimeoutMs: 10_000,
  primarySpill: { share: 0 },
})
// Wait until the pool has seen every server and read the catalog. Without this the first reads run on the primary.
await pool.ready()

const show = ({ summary, role, reason }) =>
  console.log(`${summary} ran on ${role === 'primary' ? 'the primary' : 'a replica'} (${reason})`)
pool.events.on('execution', show)

await pool.query('CREATE TABLE greetings (id int PRIMARY KEY, text text NOT NULL)')
await pool.query('INSERT INTO greetings VALUES ($1, $2)', [1, 'hello'])

// The session has just written this row. A replica that has replayed the write serves the read.
const { rows } = await pool.query('SELECT text FROM greetings WHERE id = $1', [1])
console.log(rows[0].text)

pool.events.off('execution', show)
const readsOf = (role) =>
  pool
    .stats()
    .nodes.filter((node) => node.role === role)
    .reduce((sum, node) => sum + node.queries, 0)
const before = { primary: readsOf('primary'), replica: readsOf('replica') }
for (let i = 0; i < 20; i++) await pool.query('SELECT text FROM greetings WHERE id = $1', [1])
const [onReplicas, onPrimary] = [readsOf('replica') - before.replica, readsOf('primary') - before.primary]
console.log(`replicas answered ${onReplicas} of 20 reads, the primary ${onPrimary}`)

// explain() makes the same decision and runs nothing.
for (const sql of ['SELECT * FROM greetings', 'SELECT * FROM greetings FOR SHARE', 'DELETE FROM greetings']) {
  const { statement, plan } = await pool.explain(sql)
  console.log(`${sql} → ${plan.candidates[0].role}: ${statement.reason}`)
}

await pool.end()
await cluster.stop()
