// Tenants with row-level security: each session has its tenant, on replicas too, and no other caller has it.
//
// Run: npm ci && npm run example examples/tenants.mjs
//
// Prints:
//   tenant 1: apple, pear (from a replica)
//   tenant 2: plum (from a replica)
//   without a tenant: nothing
//   tenant 1 adds a row for tenant 2: new row violates row-level security policy for table "orders"
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
  // The setting has a default, so a caller without a tenant finds an empty one.
  options: '-c app.tenant=',
})

// Policies do not apply to the owner of a table, nor to superusers: statements of tenants run under another role.
await pool.query(`
  CREATE ROLE app_user;
  CREATE TABLE orders (tenant text NOT NULL, item text NOT NULL);
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON orders USING (tenant = current_setting('app.tenant'));
  GRANT SELECT, INSERT ON orders TO app_user;
  INSERT INTO orders VALUES ('1', 'apple'), ('1', 'pear'), ('2', 'plum');
`)
await cluster.caughtUp()
await pool.ready()

const SQL = 'SELECT item FROM orders ORDER BY item'
const itemsOf = async () => (await pool.query(SQL)).rows.map(({ item }) => item).join(', ') || 'nothing'
const asTenant = (tenant, work) =>
  pool.withSession({ settings: { 'app.tenant': tenant }, role: 'app_user' }, work)

for (const tenant of ['1', '2']) {
  await asTenant(tenant, async () => {
    const { route } = await pool.explain(SQL)
    console.log(`tenant ${tenant}: ${await itemsOf()} (from a ${route.role})`)
  })
}
console.log(`without a tenant: ${await pool.withSession({ role: 'app_user' }, itemsOf)}`)

await asTenant('1', () => pool.query("INSERT INTO orders VALUES ('2', 'stolen')")).catch((error) =>
  console.log(`tenant 1 adds a row for tenant 2: ${error.message}`),
)

await pool.end()
await cluster.stop()
