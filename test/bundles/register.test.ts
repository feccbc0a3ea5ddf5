import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from '../package/install.ts'
import { bundlers, type Format } from './bundlers.ts'

// Bundles of programs that know nothing but node-postgres.

const main = `
  const pool = new Pool({ connectionString: process.env.DATABASE_URL })
  async function run() {
    await pool.query('select 1')
    await pool.ready?.()
    await pool.query('select 2')
    const reads = pool.stats?.().nodes.find(({ role }) => role === 'replica').queries
    await pool.end()
    return { isRouted: pool.stats !== undefined, readsReplica: reads > 0 }
  }
  run().then((seen) => console.log(JSON.stringify(seen)), (error) => {
    console.error(error)
    process.exitCode = 1
  })
`
const first = `import 'pg-switchyard/register'\n`
const programs = {
  'plain.mjs': `import { Pool } from 'pg'\n${main}`,
  'named.mjs': `${first}import { Pool } from 'pg'\n${main}`,
  'required.cjs': `require('pg-switchyard/register')\nconst { Pool } = require('pg')\n${main}`,
  'late.mjs': `import { Pool } from 'pg'\n${first}${main}`,
}

let consumer: Consumer
let cluster: Cluster
let elsewhere: string
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  consumer = installPacked()
  for (const [file, text] of Object.entries(programs)) consumer.write(file, text)
  elsewhere = mkdtempSync(join(tmpdir(), 'pg-switchyard-bundles-'))
})
afterAll(async () => {
  consumer?.remove()
  if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true })
  await cluster?.stop()
})

const urlOf = ({ config }: ClusterNode): string =>
  `postgres://${config.user}:${config.password}@${config.host}:${config.port}/${config.database}`

async function bundled(name: string, format: Format, entry: string): Promise<string> {
  const outDir = mkdtempSync(join(elsewhere, `${name}-`))
  writeFileSync(
    join(outDir, 'package.json'),
    JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }),
  )
  return (await bundlers[name]?.({ folder: consumer.folder, entry, outDir, format })) ?? ''
}

/** Runs a program where the packages are, and returns what it has seen and the codes of its warnings. */
async function run(...args: readonly string[]): Promise<{ seen: unknown; warnings: readonly string[] }> {
  const env = {
    ...process.env,
    DATABASE_URL: urlOf(cluster.primary),
    DATABASE_REPLICA_URLS: cluster.replicas.map(urlOf).join(' '),
    PG_SWITCHYARD_CONSISTENCY: 'eventual',
  }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: consumer.folder, env })
  return { seen: JSON.parse(stdout), warnings: stderr.match(/SWITCHYARD_[A-Z_]+/g) ?? [] }
}

const ROUTED = { seen: { isRouted: true, readsReplica: true }, warnings: [] }
const BYPASSED = {
  seen: { isRouted: false, readsReplica: false },
  warnings: ['SWITCHYARD_REGISTER_BYPASSED'],
}

describe.each(Object.keys(bundlers).filter((name) => !name.includes(' ')))('%s', (name) => {
  test.each<readonly [entry: string, format: Format]>([
    ['named.mjs', 'esm'],
    ['required.cjs', 'cjs'],
  ])(
    'a bundle of %s in the format %s with register inside is routed',
    async (entry, format) => {
      expect(await run(await bundled(name, format, entry))).toEqual(ROUTED)
    },
    120_000,
  )
})

test.each(['--import', '--require'])(
  'register by %s says that it has no effect on a bundle that contains pg',
  async (how) => {
    const file = await bundled('esbuild', 'cjs', 'plain.mjs')
    expect(await run(how, 'pg-switchyard/register', file)).toEqual(BYPASSED)
  },
)

test('register inside says that it came too late', async () => {
  expect(await run(await bundled('esbuild', 'esm', 'late.mjs'))).toEqual(BYPASSED)
})
