import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from '../package/install.ts'
import { ask } from '../support/servers.ts'
import { bundlers, type Format } from './bundlers.ts'

// Bundles run in a folder without packages, with the options that a bundle of bare pg needs and no others.

const READS = 20

const imports = {
  esm: `import { Pool } from 'pg-switchyard'`,
  cjs: `const { Pool } = require('pg-switchyard')`,
}
const main = `
  const { single, routed } = JSON.parse(process.env.CONFIGS)
  async function run() {
    const alone = new Pool(single)
    const one = await alone.query('select 1 as one')
    await alone.end()
    const pool = new Pool({ ...routed, consistency: 'eventual' })
    await pool.ready()
    for (let i = 0; i < ${READS}; i += 1) await pool.query('select count(*) from notes where a = $1', [i])
    const { reads, nodes } = pool.stats()
    await pool.end()
    return { one: one.rows[0].one, reads, queries: nodes.map(({ role, queries }) => [role, queries]) }
  }
  run().then((seen) => console.log(JSON.stringify(seen)), (error) => {
    console.error(error)
    process.exitCode = 1
  })
`

let consumer: Consumer
let cluster: Cluster
let elsewhere: string
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table notes as select 1 as a')
  await cluster.caughtUp()
  consumer = installPacked()
  consumer.write('program.mjs', `${imports.esm}\n${main}`)
  consumer.write('program.cjs', `${imports.cjs}\n${main}`)
  elsewhere = mkdtempSync(join(tmpdir(), 'pg-switchyard-bundles-'))
})
afterAll(async () => {
  consumer?.remove()
  if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true, force: true })
  await cluster?.stop()
})

function run(file: string): unknown {
  const single = cluster.primary.config
  const routed = { ...single, replicas: cluster.replicas.map(({ config }) => config) }
  const env = { ...process.env, CONFIGS: JSON.stringify({ single, routed }) }
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8', env }))
}

const rows = Object.keys(bundlers).flatMap((name) => [
  [name, 'esm', 'program.mjs'] as const,
  [name, 'cjs', 'program.mjs'] as const,
  [name, 'cjs', 'program.cjs'] as const,
])

test.each<readonly [name: string, format: Format, entry: string]>(rows)(
  'a bundle made by %s in the format %s of %s reads from a replica',
  async (name, format, entry) => {
    const outDir = join(elsewhere, `${name.replace(' ', '-')}-${format}-${entry}`)
    mkdirSync(outDir)
    // A file with the extension .js has the format that its folder says.
    const type = format === 'esm' ? 'module' : 'commonjs'
    writeFileSync(join(outDir, 'package.json'), JSON.stringify({ type }))
    const file = await bundlers[name]?.({ folder: consumer.folder, entry, outDir, format })
    expect(run(file ?? '')).toMatchObject({
      one: 1,
      queries: expect.arrayContaining([['replica', READS]]) as unknown,
    })
  },
  120_000,
)
