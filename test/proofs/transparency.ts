import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Pool as PgPool, type Pool } from 'pg'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady, WAITING } from '../support/routed-pool.ts'
import { scriptsOf } from './scripts.ts'
import { compare, summaryOf } from './transparency-figures.ts'
import { runScripts, type Run } from './transparency-run.ts'

/**
 * Runs the corpus, or another directory of scripts, twice on bare `pg.Pool` and once on the routed pool with two replicas,
 * each on a new cluster, and compares the answers. Fails when a statement that both bare runs answer alike is answered in
 * another way by the routed pool, or when too few of the SELECTs that could move were answered by a replica. A few
 * minutes.
 */
const { values: options } = parseArgs({
  options: {
    directory: { type: 'string' },
    /** Names of files, parted by commas; those that all need run in any case. */
    files: { type: 'string' },
    /** Where each difference is written to, one JSON object a line. */
    report: { type: 'string' },
    checkout: { type: 'string' },
    /** Lets reads right after a write run on the primary, as pools do by default. Then no share is asked for. */
    sooner: { type: 'boolean', default: false },
  },
})

/** The least share of the SELECTs that could move which replicas must answer. */
const WANTED_SHARE = 0.6
const settings = { max_prepared_transactions: 10, wal_level: 'logical', track_commit_timestamp: 'on' }
const patience = { statement_timeout: 20_000, lock_timeout: 3_000 }
const wanted = options.files?.split(',').map((name) => `${name}.sql`)
const scripts = scriptsOf(options.directory).filter(
  ({ file }, index) => wanted === undefined || index < 2 || wanted.includes(file),
)

async function onNewCluster(
  name: string,
  poolOf: (cluster: Cluster) => Promise<Pool>,
): Promise<readonly Run[]> {
  await using cluster = await startCluster({ replicas: 2, settings })
  const pool = await poolOf(cluster)
  pool.on('error', () => {})
  const startedAt = performance.now()
  const runs = await runScripts(pool, scripts)
  console.log(`${name}: ${runs.length} statements in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  await pool.end()
  return runs
}

const bare = (cluster: Cluster): Promise<Pool> =>
  Promise.resolve(new PgPool({ ...cluster.primary.config, ...patience }))
const routed = async (cluster: Cluster): Promise<Pool> => {
  const checkout = options.checkout === 'eager' ? 'eager' : 'lazy'
  // Nearly every read of these scripts follows a write, and is to show what replicas answer.
  const pool = poolOver(cluster, { ...patience, checkout, ...(options.sooner ? {} : WAITING) })
  await replicasReady(pool)
  return pool
}

const first = await onNewCluster('bare', bare)
const second = await onNewCluster('bare again', bare)
const found = compare(first, second, await onNewCluster('routed', routed))
console.log(summaryOf(found))
if (options.report !== undefined) {
  writeFileSync(options.report, found.differences.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
process.exitCode = found.differences.length === 0 && (options.sooner || found.share >= WANTED_SHARE) ? 0 : 1
