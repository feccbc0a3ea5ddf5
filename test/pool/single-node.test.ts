import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Logger } from '../../src/observability/logger.ts'
import { Pool, type QueryExecution } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 0 }, 'create table notes (id int)')
})

afterAll(async () => {
  await cluster.stop()
})

const root = new URL('../..', import.meta.url)

/** Counts what the process loads, compiles and connects to, around everything that a pool of one node can do. */
const script = `
  import Module from 'node:module'
  import { Socket } from 'node:net'

  const modules = []
  const load = Module._load
  Module._load = (name, ...rest) => {
    modules.push(name)
    return load(name, ...rest)
  }
  let sockets = 0
  const { connect } = Socket.prototype
  Socket.prototype.connect = function (...args) {
    sockets += 1
    return Reflect.apply(connect, this, args)
  }
  const { Client, Pool } = await import(${JSON.stringify(new URL('dist/index.js', root).href)})
  let compiled = 0
  // Node.js compiles some itself while it loads modules.
  for (const name of ['Module', 'Instance']) {
    WebAssembly[name] = new Proxy(WebAssembly[name], {
      construct: (target, args) => {
        compiled += 1
        return new target(...args)
      },
    })
  }
  const seen = () => ({ parsers: [...new Set(modules)].filter((name) => /libpg-query|sql-parser/.test(name)), compiled, sockets })

  const pool = new Pool({ ...JSON.parse(process.env.CONFIG), max: 1, leakWarningMs: 60_000 })
  const made = seen()
  const executions = []
  if (process.env.LISTEN) pool.events.on('execution', ({ operation, sql }) => executions.push([operation, sql]))
  await pool.ready()
  await pool.query('insert into notes values ($1)', [1])
  await new Promise((resolve) => pool.query('select * from notes', resolve))
  const client = await pool.connect()
  await client.query('listen nothing')
  client.release()
  await pool.withSession(async (session) => {
    await pool.query('insert into notes values (2)')
    await session.token()
  })
  await pool.transaction((own) => own.query('select 1'), { readOnly: true })
  await pool.primary.query('select 1')
  pool.stats()
  const { rows } = await pool.query(
    "select count(*)::int as n from pg_stat_activity where backend_type = 'client backend'",
  )
  const used = { ...seen(), backends: rows[0].n }
  let explained
  if (process.env.EXPLAIN) {
    const { statement, plan } = await pool.explain('select 1')
    explained = { kind: statement.kind, candidates: plan.candidates.length, ...seen() }
  }
  await pool.end()
  const own = new Client(JSON.parse(process.env.CONFIG))
  await own.connect()
  await own.query('select 1')
  await own.end()
  console.log(JSON.stringify({ made, used, explained, executions, ended: seen() }))
`

interface Seen {
  readonly parsers: readonly string[]
  readonly compiled: number
  readonly sockets: number
}

async function run(env: Record<string, string> = {}): Promise<
  Readonly<Record<'made' | 'used' | 'ended', Seen>> & {
    readonly explained?: Seen
    readonly executions?: readonly (readonly [string, string])[]
  }
> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: fileURLToPath(root),
    env: { ...process.env, CONFIG: JSON.stringify(cluster.primary.config), ...env },
  })
  return JSON.parse(stdout) as never
}

it('a pool of one node loads no parser, compiles no WebAssembly, and opens only the connections of pg.Pool', async () => {
  const nothing = { parsers: [], compiled: 0 }
  expect(await run()).toEqual({
    made: { ...nothing, sockets: 0 },
    used: { ...nothing, sockets: 1, backends: 1 },
    // A client of one node is pg.Client.
    ended: { ...nothing, sockets: 2 },
    executions: [],
  })
})

it('its statements have events while somebody listens, still without a parser', async () => {
  const { executions, used } = await run({ LISTEN: '1' })
  expect(used).toMatchObject({ parsers: [], compiled: 0, sockets: 1 })
  expect(executions).toEqual(
    expect.arrayContaining([
      ['INSERT', 'insert into notes values ($1)'],
      ['SELECT', 'select * from notes'],
      ['INSERT', 'insert into notes values (?)'],
    ]),
  )
})

it('a statement of query() has its node, duration, rows and error, and answers as without a listener', async () => {
  const pool = new Pool({ ...cluster.primary.config, logger: false })
  const executions: QueryExecution[] = []
  pool.events.on('execution', (execution) => executions.push(execution))
  expect((await pool.query('select $1::int as n', [7])).rows).toEqual([{ n: 7 }])
  expect((await pool.query({ text: 'select $1::int', values: [7], rowMode: 'array' })).rows).toEqual([[7]])
  const called = await new Promise((resolve) =>
    pool.query('select 8 as n', (error, result) => resolve([error, result.rows])),
  )
  expect(called).toEqual([undefined, [{ n: 8 }]])
  await expect(pool.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
  await expect(pool.query(undefined as never)).rejects.toThrow('query')
  await pool.withSession({ settings: { application_name: 'own' } }, async () => {
    expect((await pool.query("select current_setting('application_name') as name")).rows).toEqual([
      { name: 'own' },
    ])
  })
  const { host, port } = cluster.primary.config
  expect(executions).toHaveLength(6)
  expect(executions[0]).toMatchObject({ node: `${host}:${port}`, role: 'unknown', port, rowCount: 1 })
  expect(executions[0]?.durationMs).toBeGreaterThan(0)
  expect(executions[3]?.error).toMatchObject({ code: '22012' })
  await pool.end()
})

it('metrics show its statements and its connections', async () => {
  const pool = new Pool({ ...cluster.primary.config, max: 3, logger: false })
  const register = new Registry()
  const collected = prometheusMetrics({ pools: { shop: pool }, register })
  await pool.query('select 1')
  const text = await register.metrics()
  const node = `node="${cluster.primary.config.host}:${cluster.primary.config.port}"`
  expect(text).toMatch(/operation_duration_seconds_count\{[^}]*operation_name="SELECT"[^}]*\} 1/)
  expect(text).toContain(`db_client_connection_count{pool="shop",${node},state="idle"} 1`)
  expect(text).toContain(`db_client_connection_max{pool="shop",${node}} 3`)
  collected.stop()
  await pool.end()
})

it('until it is to explain a statement', async () => {
  const { used, explained } = await run({ EXPLAIN: '1' })
  expect(used).toMatchObject({ parsers: [], compiled: 0, sockets: 1 })
  expect(explained).toMatchObject({ kind: 'read', candidates: 1 })
  expect(explained?.parsers).toEqual(['./libpg-query-files.js'])
  expect(explained?.compiled).toBeGreaterThan(0)
  expect(explained?.sockets).toBeGreaterThan(1)
})

it('writes its events to a logger that it is given', async () => {
  const lines: unknown[] = []
  const log = (...line: readonly unknown[]): void => void lines.push(line)
  const logger = { debug: log, info: log, warn: log, error: log }
  const pool = new Pool({ ...cluster.primary.config, leakWarningMs: 20, logger: logger as Logger })
  const client = await pool.connect()
  await until('the leak is logged', () => lines.length > 0)
  client.release()
  await pool.end()
  expect(JSON.stringify(lines)).toContain('was not released')
})
