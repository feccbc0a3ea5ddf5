import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { splitScript } from '../../src/cli/dry-run/split-script.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { runScripts, type Run, type Script } from '../proofs/transparency-run.ts'
import { replicasReady } from './routed-pool.ts'
import { ask } from './servers.ts'

const directory = join(import.meta.dirname, '../transparency')

/** The scripts of test/transparency, in the order of their names. */
const scripts: readonly Script[] = readdirSync(directory)
  .filter((name) => name.endsWith('.sql'))
  .map((file) => ({ file, statements: splitScript(readFileSync(join(directory, file), 'utf8')) }))

/** Runs the scripts on a new database of this name. */
export async function runOnNewDatabase(
  cluster: Cluster,
  name: string,
  poolOf: (database: string) => Pool,
): Promise<readonly Run[]> {
  await ask(cluster.primary.config, `CREATE DATABASE ${name}`)
  await cluster.caughtUp()
  const pool = poolOf(name)
  try {
    if ('explain' in pool) await replicasReady(pool as never)
    return await runScripts(pool, scripts)
  } finally {
    await pool.end()
  }
}
