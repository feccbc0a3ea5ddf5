// From CommonJS: require() loads the ES module on Node.js 20.19 and later.
const { Pool } = require('pg-switchyard')
const { startCluster } = require('pg-switchyard/test-cluster')

async function main() {
  const cluster = await startCluster({ replicas: 1 })
  const replicas = cluster.replicas.map(({ config }) => config)
  const pool = new Pool({ ...cluster.primary.config, replicas })

  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)')
    await client.query('INSERT INTO accounts VALUES (1, 100), (2, 100)')
    await client.query('UPDATE accounts SET balance = balance - 30 WHERE id = 1')
    await client.query('UPDATE accounts SET balance = balance + 30 WHERE id = 2')
    await client.query('COMMIT')
  } finally {
    client.release()
  }
  console.log((await pool.query('SELECT * FROM accounts ORDER BY id')).rows)

  await pool.end()
  await cluster.stop()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
