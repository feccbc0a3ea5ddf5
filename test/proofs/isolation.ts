import { parseArgs } from 'node:util'
import { startCluster } from '../../src/test-cluster/index.ts'
import { SCHEMA } from '../isolation/programs.ts'
import { runIsolation } from '../isolation/run.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

/**
 * Optimistic transactions that read and write the same rows while replicas lag: no lost update, read skew, dirty read or
 * outdated read that their isolation level rules out. Then the same with the reads outside of the transactions, where
 * nothing is compared: the checks must find anomalies.
 */
const { values: options } = parseArgs({
  options: {
    transactions: { type: 'string', default: '100000' },
    'transactions-not-compared': { type: 'string', default: '2000' },
    callers: { type: 'string', default: '16' },
  },
})
const callers = Number(options.callers)

await using cluster = await startCluster({ replicas: 2 })
await ask(cluster.primary.config, SCHEMA)
await cluster.caughtUp()
const run = async (consistency: 'causal' | 'eventual', transactions: number): Promise<number> => {
  const pool = poolOver(cluster, { consistency, max: 10 })
  await replicasReady(pool)
  const isCompared = consistency === 'causal'
  const reads = isCompared ? 'inside' : 'outside'
  const figures = await runIsolation(pool, cluster, { transactions, callers, lagMs: [0, 50], reads })
  await pool.end()
  console.log(isCompared ? 'compared:' : 'not compared:', figures)
  if (isCompared && figures.unexpectedErrors.length > 0) process.exitCode = 1
  return Object.keys(figures.anomalies).length
}
if ((await run('causal', Number(options.transactions))) > 0) process.exitCode = 1
if ((await run('eventual', Number(options['transactions-not-compared']))) === 0) process.exitCode = 1
