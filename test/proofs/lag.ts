import { parseArgs } from 'node:util'
import { startCluster } from '../../src/test-cluster/index.ts'
import { runLag } from './lag-run.ts'

/** The lag that the pool tells against the true one. Fails when they are ever 50 ms and one probe interval apart. */
const { values: options } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    'probe-interval-ms': { type: 'string', default: '500' },
    'longest-ms': { type: 'string', default: '3000' },
  },
})

await using cluster = await startCluster({ replicas: 1 })
const figures = await runLag(cluster, {
  trials: Number(options.trials),
  probeIntervalMs: Number(options['probe-interval-ms']),
  longestMs: Number(options['longest-ms']),
})
console.log(figures)
if (figures.unknown > 0 || figures.maxErrorMs >= 50 + figures.probeIntervalMs) process.exitCode = 1
