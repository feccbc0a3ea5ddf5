import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../../test/support/routed-pool.ts'
import { writeResult } from '../support/environment.ts'
import { rounded } from '../support/latencies.ts'
import { writePlot } from '../support/plot.ts'

/**
 * Measures how throughput grows with replicas when the servers are the bottleneck. A read sleeps there, over a few
 * connections to each, with twice as many callers as connections.
 */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    replicas: { type: 'string', default: '1,2,4,8' },
    'service-ms': { type: 'string', default: '50' },
    max: { type: 'string', default: '4' },
    out: { type: 'string', default: 'bench/results/scale.json' },
  },
})
const seconds = Number(options.seconds)
const max = Number(options.max)
const sizes = options.replicas.split(',').map(Number)
const serviceMs = Number(options['service-ms'])
const READ = `select pg_sleep(${serviceMs / 1000})`

await using cluster = await startCluster({ replicas: Math.max(...sizes) })
await cluster.caughtUp()
const all = cluster.replicas.map(({ config }) => config)

const results = []
for (const replicas of sizes) {
  const pool = poolOver(cluster, { max, replicas: all.slice(0, replicas) })
  await replicasReady(pool, replicas)
  let isOver = false
  let isWarm = false
  let reads = 0
  const caller = async (): Promise<void> => {
    while (!isOver) {
      await pool.query(READ)
      if (isWarm && !isOver) reads += 1
    }
  }
  const callers = Array.from({ length: 2 * max * replicas }, caller)
  await pause(500)
  isWarm = true
  const startedAtMs = performance.now()
  await pause(seconds * 1000)
  isOver = true
  const perSecond = rounded((reads * 1000) / (performance.now() - startedAtMs), 1)
  await Promise.all(callers)
  const { nodes, offload } = pool.stats()
  const ofReplicas = nodes.slice(1).map((node) => node.reads)
  await pool.end()
  const times = rounded(perSecond / (results[0]?.perSecond ?? perSecond), 2)
  const mostOverLeast = rounded(Math.max(...ofReplicas) / Math.min(...ofReplicas), 2)
  results.push({ replicas, perSecond, times, offload, mostOverLeast })
  console.log(`${replicas} replicas: ${perSecond} reads/s, ${times} times one`)
}

writePlot(join(dirname(options.out), 'scale.svg'), {
  title: `Reads per second, ${serviceMs} ms each on the server, ${max} connections to each`,
  unit: 'reads/s',
  type: 'line',
  categories: results.map(({ replicas }) => `${replicas} replicas`),
  series: [
    { name: 'pg-switchyard', values: results.map(({ perSecond }) => perSecond) },
    {
      name: 'the most there can be',
      values: results.map(({ replicas }) => (replicas * max * 1000) / serviceMs),
    },
  ],
})
writeResult(options.out, { bench: 'scale', seconds, serviceMs, connectionsEach: max, results })

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
