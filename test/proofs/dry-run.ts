import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Pool as PgPool } from 'pg'
import { startCluster } from '../../src/test-cluster/index.ts'
import { urlOf } from '../support/cli.ts'
import { WAITING, poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { LOGGING, logOf, sharesOf } from './dry-run-run.ts'
import { scriptsOf } from './scripts.ts'
import { runScripts, type Run } from './transparency-run.ts'

/**
 * Runs the corpus, or another directory of scripts, once on bare `pg.Pool` and has the server log it, then on the routed
 * pool with two replicas. Fails unless `dry-run` predicts from the log, within two points, which share of the statements
 * replicas answer of a pool whose reads wait for them: lag is not predicted. A few minutes.
 */
const { values: options } = parseArgs({
  options: {
    directory: { type: 'string' },
    /** Where the prediction is written to, as JSON. */
    report: { type: 'string' },
  },
})

const TOLERANCE = 0.02
const settings = { max_prepared_transactions: 10, wal_level: 'logical', track_commit_timestamp: 'on' }
const patience = { statement_timeout: 20_000, lock_timeout: 3_000 }
const scripts = scriptsOf(options.directory)

async function routedRuns(): Promise<readonly Run[]> {
  await using cluster = await startCluster({ replicas: 2, settings })
  const pool = poolOver(cluster, { ...patience, ...WAITING })
  pool.on('error', () => {})
  await replicasReady(pool)
  const runs = await runScripts(pool, scripts)
  await pool.end()
  return runs
}

const routed = await routedRuns()
await using cluster = await startCluster({ replicas: 0, settings: { ...settings, ...LOGGING } })
const { primary } = cluster
await ask(primary.config, 'create database app')
const pool = new PgPool({ ...primary.config, ...patience, database: 'app' })
pool.on('error', () => {})
await runScripts(pool, scripts)
await pool.end()
const log = await logOf(primary.config, 'jsonlog')
const { predicted, measured, report } = await sharesOf(log, urlOf(primary, { database: 'app' }), routed)
if (options.report !== undefined) writeFileSync(options.report, report)
console.log(
  `Predicted: ${(100 * predicted).toFixed(1)} % of the statements. Measured: ${(100 * measured).toFixed(1)} % of ${routed.length}.`,
)
process.exitCode = Math.abs(predicted - measured) <= TOLERANCE ? 0 : 1
