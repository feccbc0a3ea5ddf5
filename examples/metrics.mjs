// Metrics for Prometheus: where reads run, and how far each replica is behind.
//
// Run: npm ci && npm run example examples/metrics.mjs
//
// Prints:
//   switchyard_statements_total{pool="shop",reason="not-a-read",role="primary"} 2
//   switchyard_statements_total{pool="shop",reason="read",role="replica"} 10
//   switchyard_node_lag_seconds{pool="shop",node="replica-1"} …
//   switchyard_offload_ratio{pool="shop"} 1
import { createServer } from 'node:http'
import { Pool } from 'pg-switchyard'
import { prometheusMetrics } from 'pg-switchyard/metrics'
import { startCluster } from 'pg-switchyard/test-cluster'
import { Registry } from 'prom-client'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica, i) => ({ ...replica.config, name: `replica-${i + 1}` })),
  catchUpTimeoutMs: 10_000,
  primarySpill: { share: 0 },
})
await pool.ready()

const register = new Registry()
prometheusMetrics({ pools: { shop: pool }, register })
async function serveMetrics(response) {
  response.setHeader('content-type', register.contentType)
  response.end(await register.metrics())
}
const server = createServer((_request, response) => void serveMetrics(response))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

await pool.query('CREATE TABLE items (id int PRIMARY KEY)')
await pool.query('INSERT INTO items VALUES (1)')
for (let i = 0; i < 10; i++) await pool.query('SELECT * FROM items')

// Prometheus does this every few seconds. examples/prometheus has its configuration, alerts and a Grafana dashboard.
const response = await fetch(`http://127.0.0.1:${server.address().port}/metrics`)
const shown = /^switchyard_(?:statements_total|node_lag_seconds|offload_ratio)\{/
for (const line of (await response.text()).split('\n')) if (shown.test(line)) console.log(line)

server.close()
server.closeAllConnections()
await pool.end()
await cluster.stop()
