// Serves metrics for Prometheus on port 9464, and the health of the pool beside them.
import { createServer } from 'node:http'
import { Pool } from 'pg-switchyard'
import { healthHandler } from 'pg-switchyard/http'
import { prometheusMetrics } from 'pg-switchyard/metrics'
import { Registry } from 'prom-client'

const pool = new Pool({
  connectionString: process.env.DATABASE_URL,
  replicas: process.env.REPLICA_URLS.split(','),
})
const register = new Registry()
prometheusMetrics({ pools: { shop: pool }, register })
const health = healthHandler({ pool })

async function serveMetrics(response) {
  response.setHeader('content-type', register.contentType)
  response.end(await register.metrics())
}

createServer((request, response) => {
  void (request.url === '/metrics' ? serveMetrics(response) : health(request, response))
}).listen(Number(process.env.PORT ?? 9464), '127.0.0.1')
