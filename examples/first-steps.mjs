// A primary, two replicas, and a pool over them: what goes where, and why.
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 2 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  windowMs: 500,
})

await pool.query('CREATE TABLE greetings (id int PRIMARY KEY, text text NOT NULL)')
await pool.query('INSERT INTO greetings VALUES ($1, $2)', [1, 'hello'])

// Read right after the write: from the primary, since the replicas may not have it yet.
console.log((await pool.query('SELECT text FROM greetings WHERE id = $1', [1])).rows)

for (const sql of ['SELECT * FROM greetings', 'SELECT * FROM greetings FOR SHARE', 'DELETE FROM greetings']) {
  const { statement, route, plan } = await pool.explain(sql)
  const target = plan.candidates[0]?.role
  console.log(`${sql}  →  ${target} (${statement.reason}, ${route.reason})`)
}

// Once the window is over, and the replicas are known to be fresh, reads go to them.
while ((await pool.explain('SELECT * FROM greetings')).plan.candidates[0]?.role !== 'replica') {
  await new Promise((resolve) => setTimeout(resolve, 50))
}
for (let i = 0; i < 10; i++) await pool.query('SELECT text FROM greetings WHERE id = 1')
console.table(pool.stats().nodes.map(({ id, role, lagMs, queries }) => ({ id, role, lagMs, queries })))

await pool.end()
await cluster.stop()
