// CommonJS and a transaction: require() gives the same classes as import, and a transaction runs on one connection.
//
// Run: npm ci && npm run example examples/commonjs.cjs
//
// Prints:
//   anna has 70, ben has 130
//   a failed transfer changes nothing: anna has 70, ben has 130
const { Pool } = require('pg-switchyard')
const { startCluster } = require('pg-switchyard/test-cluster')

async function main() {
  const cluster = await startCluster({ replicas: 1 })
  const replicas = cluster.replicas.map((replica) => replica.config)
  const pool = new Pool({ ...cluster.primary.config, replicas })
  await pool.query(
    'CREATE TABLE accounts (owner text PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))',
  )
  await pool.query("INSERT INTO accounts VALUES ('anna', 100), ('ben', 100)")

  // COMMIT when the function ends, ROLLBACK when it throws.
  const transfer = (amount) =>
    pool.transaction(async (client) => {
      await client.query("UPDATE accounts SET balance = balance + $1 WHERE owner = 'ben'", [amount])
      await client.query("UPDATE accounts SET balance = balance - $1 WHERE owner = 'anna'", [amount])
    })
  const balances = async () => {
    const { rows } = await pool.query('SELECT owner, balance FROM accounts ORDER BY owner')
    return rows.map(({ owner, balance }) => `${owner} has ${balance}`).join(', ')
  }

  await transfer(30)
  console.log(await balances())
  await transfer(1000).catch(async () =>
    console.log(`a failed transfer changes nothing: ${await balances()}`),
  )

  await pool.end()
  await cluster.stop()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
