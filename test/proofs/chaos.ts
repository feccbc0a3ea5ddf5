import { parseArgs } from 'node:util'
import { startCluster } from '../../src/test-cluster/index.ts'
import { runChaos } from './chaos-run.ts'

/** `kill -9` for each of two replicas in turn, every five seconds, under 32 readers. Fails when a read fails. */
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    callers: { type: 'string', default: '32' },
    'every-ms': { type: 'string', default: '5000' },
  },
})

const cluster = await startCluster({ replicas: 2 })
try {
  const figures = await runChaos(cluster, {
    seconds: Number(options.seconds),
    callers: Number(options.callers),
    everyMs: Number(options['every-ms']),
  })
  console.log(figures)
  if (figures.failed > 0) process.exitCode = 1
} finally {
  await cluster.stop()
}
