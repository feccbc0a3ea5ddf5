import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Pool as PgPool } from 'pg'
import { startCluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { runReadOnly } from './read-only-run.ts'
import { scriptsOf } from './scripts.ts'

/**
 * Runs each statement of the corpus inside BEGIN READ ONLY, over bare and over routed clients, and compares the answers.
 * Fails when a statement that bare clients answer alike is answered in another way by a routed one.
 */
const { values: options } = parseArgs({
  options: {
    /** Names of files, parted by commas; those that all need run in any case. */
    files: { type: 'string' },
    /** Where each difference is written to, one JSON object a line. */
    report: { type: 'string' },
    levels: { type: 'string', default: 'read committed,repeatable read' },
  },
})

const settings = { max_prepared_transactions: 10, wal_level: 'logical', track_commit_timestamp: 'on' }
const patience = { statement_timeout: 20_000, lock_timeout: 3_000 }
const wanted = options.files?.split(',').map((name) => `${name}.sql`)
const scripts = scriptsOf(undefined).filter(
  ({ file }, index) => wanted === undefined || index < 2 || wanted.includes(file),
)

await using cluster = await startCluster({ replicas: 1, settings })
const bare = new PgPool({ ...cluster.primary.config, ...patience })
const routed = poolOver(cluster, patience)
await replicasReady(routed)
let moves = 0
routed.events.on('transactionMoved', () => (moves += 1))
for (const pool of [bare, routed]) pool.on('error', () => {})
const startedAt = performance.now()
const { differences, statements, unstable } = await runReadOnly(
  bare,
  routed,
  scripts,
  options.levels.split(','),
)
const seconds = Math.round((performance.now() - startedAt) / 1000)
console.log(
  `${statements} statements in ${seconds} s, ${unstable} of them unstable, ${moves} transactions moved`,
)
console.log(`${differences.length} differences`)
if (options.report !== undefined) {
  writeFileSync(options.report, differences.map((row) => `${JSON.stringify(row)}\n`).join(''))
}
await bare.end()
await routed.end()
process.exitCode = differences.length === 0 ? 0 : 1
