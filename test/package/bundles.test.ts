import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from './install.ts'

interface Esbuild {
  buildSync(options: object): unknown
}
const require = createRequire(import.meta.url)
const { buildSync } = require('esbuild') as Esbuild

const formats = [
  ['cjs', ''],
  // The CommonJS packages in a bundle of ES modules need a `require`.
  ['esm', `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`],
] as const

const program = `
  import { Pool } from 'pg-switchyard'
  const { single, routed } = JSON.parse(process.env.CONFIGS)
  const run = async (config) => {
    const pool = new Pool({ ...config, logger: false })
    try {
      const { rows } = await pool.query('select 1 as one')
      const candidates = config.replicas && (await pool.explain('select 1')).plan.candidates
      return { rows, role: candidates?.[0]?.role }
    } catch (error) {
      return { code: error.code, message: error.message }
    } finally {
      await pool.end()
    }
  }
  void run(single).then(async (one) => console.log(JSON.stringify([one, await run(routed)])))
`

let consumer: Consumer
let cluster: Cluster
let elsewhere: string
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
  consumer = installPacked()
  consumer.write('program.mjs', program)
  elsewhere = mkdtempSync(join(tmpdir(), 'pg-switchyard-bundle-'))
})
afterAll(async () => {
  consumer.remove()
  rmSync(elsewhere, { recursive: true, force: true })
  await cluster.stop()
})

function bundle(format: 'cjs' | 'esm', banner: string, folder: string): string {
  const outfile = join(folder, format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs')
  buildSync({
    absWorkingDir: consumer.folder,
    entryPoints: ['program.mjs'],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    banner: { js: banner },
    // It warns of what is tested: there is no import.meta in CommonJS.
    logLevel: 'error',
  })
  return outfile
}

function run(file: string): unknown {
  const single = cluster.primary.config
  const routed = { ...single, replicas: cluster.replicas.map(({ config }) => config) }
  const env = { ...process.env, CONFIGS: JSON.stringify({ single, routed }) }
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8', env }))
}

describe.each(formats)('a bundle in the format %s', (format, banner) => {
  test('works where no package is installed', () => {
    expect(run(bundle(format, banner, elsewhere))).toEqual([
      { rows: [{ one: 1 }] },
      { rows: [{ one: 1 }], role: 'replica' },
    ])
  })
})

// Jest refuses every `require` after the end of a test file, that of a built-in module too.
test('nothing is loaded after the package and the first pool with replicas', () => {
  writeFileSync(
    join(consumer.folder, 'late.mjs'),
    `
    import Module from 'node:module'
    import { Pool } from 'pg-switchyard'
    const { routed } = JSON.parse(process.env.CONFIGS)
    const pool = new Pool(routed)
    // The parser makes its spare engine.
    await new Promise(setImmediate)
    const late = []
    const load = Module._load
    Module._load = (name, ...rest) => {
      late.push(name)
      return load(name, ...rest)
    }
    await pool.query('select 1')
    await pool.ready()
    const client = await pool.connect()
    await client.query('select 2')
    client.release()
    await pool.end()
    console.log(JSON.stringify(late))
  `,
  )
  expect(run(join(consumer.folder, 'late.mjs'))).toEqual([])
})
