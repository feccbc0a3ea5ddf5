// A primary, two replicas, and a pool over them: what goes where, and why.
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 2 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
})
// Every node has been seen, and the pool knows what is in the database. Without this the first reads go to the primary.
await pool.ready()

await pool.query('CREATE TABLE greetings (id int PRIMARY KEY, text text NOT NULL)')
await pool.query('INSERT INTO greetings VALUES ($1, $2)', [1, 'hello'])

// Read right after the write: from a replica that has replayed it, or from the primary.
console.log((await pool.query('SELECT text FROM greetings WHERE id = $1', [1])).rows)

for (let i = 0; i < 40; i++) await pool.query('SELECT text FROM greetings WHERE id = 1')
const { nodes, offload } = pool.stats()
console.table(nodes.map(({ id, role, lagMs, queries }) => ({ id, role, lagMs, queries })))
console.log(`${Math.round(offload * 100)} % of the reads were answered by replicas`)

// The nodes are looked at once more, so that explain() knows how far they are by now.
await cluster.caughtUp()
await pool.ready()
for (const sql of ['SELECT * FROM greetings', 'SELECT * FROM greetings FOR SHARE', 'DELETE FROM greetings']) {
  const { statement, route, plan } = await pool.explain(sql)
  const target = plan.candidates[0]?.role
  console.log(`${sql}  →  ${target} (${statement.reason}, ${route.reason})`)
}

await pool.end()
await cluster.stop()
