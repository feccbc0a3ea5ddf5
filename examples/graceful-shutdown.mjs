// A graceful shutdown: at SIGTERM the server takes no new requests, answers those that run, and ends the pool.
//
// Run: npm ci && npm run example examples/graceful-shutdown.mjs
//
// Prints:
//   before SIGTERM: ready
//   SIGTERM: no new requests
//   after SIGTERM: not ready
//   the running request was answered: 1 row
//   pool ended: 0 connections
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Pool } from 'pg-switchyard'
import { startCluster } from 'pg-switchyard/test-cluster'

const cluster = await startCluster({ replicas: 1 })
const pool = new Pool({
  ...cluster.primary.config,
  replicas: cluster.replicas.map((replica) => replica.config),
})
await pool.ready()

let isStopping = false
async function answer(response) {
  const { rowCount } = await pool.query('SELECT pg_sleep(0.5)')
  response.end(`${rowCount} row`)
}
const server = createServer((request, response) => {
  if (request.url === '/ready') response.writeHead(isStopping ? 503 : 200).end()
  else void answer(response)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

process.once('SIGTERM', () => void shutDown())
async function shutDown() {
  console.log('SIGTERM: no new requests')
  // 1. The load balancer sees that this process is not ready, and sends its requests elsewhere. In production, go on
  //    serving for as long as the load balancer needs to notice.
  isStopping = true
  await theLoadBalancerHasNoticed()
  // 2. The server takes no new connections, and close() waits for the requests that run.
  server.close()
  await once(server, 'close')
  // 3. Only then does the pool end: end() waits for clients that are still checked out.
  await pool.end()
  console.log(`pool ended: ${pool.totalCount} connections`)
  await cluster.stop()
}

// The rest plays the users, the load balancer and the orchestrator.
const url = `http://127.0.0.1:${server.address().port}`
const headers = { connection: 'close' }
const readiness = async () => ((await fetch(`${url}/ready`, { headers })).ok ? 'ready' : 'not ready')
async function theLoadBalancerHasNoticed() {
  console.log(`after SIGTERM: ${await readiness()}`)
}
console.log(`before SIGTERM: ${await readiness()}`)
const running = fetch(url, { headers }).then((response) => response.text())
await once(server, 'request')
process.kill(process.pid, 'SIGTERM')
console.log(`the running request was answered: ${await running}`)
