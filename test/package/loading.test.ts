import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { installPacked, type Consumer } from './install.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let consumer: Consumer
let cluster: Cluster
beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  consumer = installPacked()
})
afterAll(async () => {
  consumer?.remove()
  await cluster?.stop()
})

function run(file: string, variables: Readonly<Record<string, string>> = {}): unknown {
  const config = { ...cluster.primary.config, replicas: cluster.replicas.map((node) => node.config) }
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|JEST)/.test(name))
  const env = { ...Object.fromEntries(own), CONFIG: JSON.stringify(config), ...variables }
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8', env }))
}

// Jest refuses every `require` after the end of a test file, that of a built-in module too.
test('under Jest nothing is loaded after the package and the first pool with replicas', () => {
  writeFileSync(
    join(consumer.folder, 'late.mjs'),
    `
    import Module from 'node:module'
    import { Pool } from 'pg-switchyard'
    const pool = new Pool(JSON.parse(process.env.CONFIG))
    // The parser is loaded at once, but not before the constructor returns.
    await new Promise(setImmediate)
    const late = []
    const load = Module._load
    Module._load = (name, ...rest) => {
      late.push(name)
      return load(name, ...rest)
    }
    await pool.query('select 1')
    await pool.ready()
    // The parser makes its spare engine meanwhile.
    for (let i = 0; i < 30; i += 1) await pool.query(\`select \${i} as "n\${i}"\`)
    const client = await pool.connect()
    await client.query('select 2')
    client.release()
    await pool.end()
    console.log(JSON.stringify(late))
  `,
  )
  expect(run(join(consumer.folder, 'late.mjs'), { JEST_WORKER_ID: '1' })).toEqual([])
})

test('pino is loaded with the first line of the log', () => {
  writeFileSync(
    join(consumer.folder, 'quiet.mjs'),
    `
    import Module from 'node:module'
    const loaded = []
    const load = Module._load
    Module._load = (name, ...rest) => {
      loaded.push(name)
      return load(name, ...rest)
    }
    const { Pool } = await import('pg-switchyard')
    const config = JSON.parse(process.env.CONFIG)
    const pool = new Pool(config)
    await pool.query('select 1')
    await pool.ready()
    const quiet = loaded.includes('pino')
    // Nobody listens there, which is worth a warning.
    const other = new Pool({ ...config, replicas: [{ port: 1 }] })
    await other.query('select 1').catch(() => {})
    await other.ready().catch(() => {})
    const told = loaded.includes('pino')
    await Promise.all([pool.end(), other.end()])
    console.log(JSON.stringify({ quiet, told }))
  `,
  )
  expect(run(join(consumer.folder, 'quiet.mjs'))).toEqual({ quiet: false, told: true })
})

test('the modules of HTTP and DNS are loaded by the discovery that uses them', () => {
  writeFileSync(
    join(consumer.folder, 'builtins.mjs'),
    `
    import Module from 'node:module'
    const loaded = []
    const load = Module._load
    Module._load = (name, ...rest) => {
      loaded.push(name)
      return load(name, ...rest)
    }
    const { Pool, dnsDiscovery, patroniDiscovery } = await import('pg-switchyard')
    const seen = () => loaded.filter((name) => /^(node:)?(https?|tls|dns.promises)$/.test(name))
    const pool = new Pool(JSON.parse(process.env.CONFIG))
    await pool.query('select 1')
    const before = seen()
    patroniDiscovery({ urls: ['http://localhost:8008'] })
    dnsDiscovery({ name: 'localhost' })
    await pool.end()
    console.log(JSON.stringify({ before, after: seen() }))
  `,
  )
  const after = ['node:http', 'node:https', 'node:dns/promises']
  expect(run(join(consumer.folder, 'builtins.mjs'))).toEqual({ before: [], after })
})

test('a pool without replicas loads neither the parser nor pino', () => {
  writeFileSync(
    join(consumer.folder, 'single.mjs'),
    `
    import Module from 'node:module'
    const loaded = []
    const load = Module._load
    Module._load = (name, ...rest) => {
      loaded.push(name)
      return load(name, ...rest)
    }
    const { Pool } = await import('pg-switchyard')
    const { replicas: _, ...single } = JSON.parse(process.env.CONFIG)
    const pool = new Pool(single)
    await pool.query('select 1')
    await pool.end()
    console.log(JSON.stringify(loaded.filter((name) => /libpg-query|pino/.test(name))))
  `,
  )
  expect(run(join(consumer.folder, 'single.mjs'))).toEqual([])
})

test('a program in both module systems has one state', () => {
  writeFileSync(
    join(consumer.folder, 'both-systems.mjs'),
    `
    import { createRequire } from 'node:module'
    import { Pool, Session, SwitchyardError } from 'pg-switchyard'
    const cjs = createRequire(import.meta.url)('pg-switchyard')
    const config = { ...JSON.parse(process.env.CONFIG), logger: false }
    const [one, other] = [new Pool(config), new cjs.Pool(config)]
    await other.query('create table if not exists both_systems (a int)')
    const error = await one.query({ text: 'select 1', route: 'nowhere' }).catch((cause) => cause)
    // Outside of sessions, pools to one database show what each other has written.
    let stale = 0
    for (let i = 1; i <= 20; i += 1) {
      await one.query('insert into both_systems values ($1)', [i])
      const { rows } = await other.query('select count(*)::int as n from both_systems')
      if (rows[0].n !== i) stale += 1
    }
    const seen = {
      pools: one instanceof cjs.Pool && other instanceof Pool,
      sessions: one.session() instanceof cjs.Session && other.session() instanceof Session,
      errors: error instanceof cjs.SwitchyardError && error instanceof SwitchyardError,
      stale,
    }
    await Promise.all([one.end(), other.end()])
    console.log(JSON.stringify(seen))
  `,
  )
  expect(run(join(consumer.folder, 'both-systems.mjs'))).toEqual({
    pools: true,
    sessions: true,
    errors: true,
    stale: 0,
  })
})
