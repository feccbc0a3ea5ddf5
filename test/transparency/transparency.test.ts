import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Pool as PgPool, type Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { splitScript } from '../../src/cli/dry-run/split-script.ts'
import { compare } from '../proofs/transparency-figures.ts'
import { runScripts, type Run, type Script } from '../proofs/transparency-run.ts'
import { WAITING, poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'

const scripts: readonly Script[] = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.sql'))
  .map((file) => ({ file, statements: splitScript(readFileSync(join(import.meta.dirname, file), 'utf8')) }))

let cluster: Cluster
let bare: readonly Run[]

/** On a new database. */
async function run(name: string, poolOf: (database: string) => Pool): Promise<readonly Run[]> {
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

beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
  bare = await run('bare', (database) => new PgPool({ ...cluster.primary.config, database }))
})

afterAll(() => cluster?.stop())

describe.each(['lazy', 'eager'] as const)('a client of a routed pool, %s', (checkout) => {
  test('answers as one of pg.Pool does, and reads from replicas', async () => {
    const routed = await run(checkout, (database) => {
      const replicas = cluster.replicas.map(({ config }) => ({ ...config, database }))
      return poolOver(cluster, { database, replicas, checkout, ...WAITING })
    })
    const found = compare(bare, bare, routed)
    expect(found.differences).toEqual([])
    expect(found.moved).toBeGreaterThan(10)
  })
})
