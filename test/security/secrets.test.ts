import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import { dryRun } from '../../src/cli/dry-run/dry-run.ts'
import { healthHandler } from '../../src/http/index.ts'
import { Client, functionDiscovery, Pool, SwitchyardError, type PoolOptions } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/index.ts'
import { EVENT_NAMES } from '../../src/observability/channels.ts'
import { instrument } from '../../src/opentelemetry/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { startClusterWith } from '../support/ground.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { recordingTracers } from './recorder.ts'
import { SCHEMA, SECRETS, useEverything, WORD } from './secrets.ts'

// Secrets are planted everywhere, everything is used, servers die, and each output is searched for them.

let cluster: Cluster
let pool: Pool
let scratch: string
/** What came out, by output. */
const outputs = new Map<string, unknown[]>()
const out = (name: string): unknown[] => {
  const found = outputs.get(name) ?? []
  outputs.set(name, found)
  return found
}
const ends: (() => unknown)[] = []
let errors: readonly unknown[]

const placeOf = ({ config }: ClusterNode): PoolOptions => ({ host: config.host, port: config.port })
const login: PoolOptions = { user: 'app', password: SECRETS.password, database: 'postgres' }

function observe(): void {
  const note = (name: string) => (message: unknown) => void out(name).push(message)
  for (const name of EVENT_NAMES) {
    const channel = `pg-switchyard:${name}`
    const keep = note('diagnostics channels')
    subscribe(channel, keep)
    ends.push(() => unsubscribe(channel, keep))
    pool.events.on(name, note('events'))
  }
  for (const name of ['query', 'connect', 'checkout']) {
    const keep = note('tracing channels')
    const channel = tracingChannel(`pg-switchyard:${name}`)
    const subscriber = { start: keep, end: keep, asyncStart: keep, asyncEnd: keep, error: keep }
    channel.subscribe(subscriber)
    ends.push(() => channel.unsubscribe(subscriber))
  }
  const spans = instrument({ tracerProvider: recordingTracers(out('spans')) })
  ends.push(() => spans.stop())
  const warn = note('warnings of the process')
  process.on('warning', warn)
  ends.push(() => process.off('warning', warn))
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'pg-switchyard-secrets-'))
  cluster = await startClusterWith(
    { replicas: 2, settings: { shared_preload_libraries: 'pg_stat_statements' } },
    'create extension pg_stat_statements',
    ...SCHEMA,
    `create role app login superuser password '${SECRETS.password}'`,
  )
  const [first, second] = cluster.replicas
  if (first === undefined || second === undefined) throw new Error('no replicas')
  const log = (...entry: unknown[]): void => void out('log').push(entry)
  pool = new Pool({
    ...login,
    ...placeOf(cluster.primary),
    replicas: [
      { ...placeOf(first), name: 'first' },
      // It cannot log in there. Its options are a connection string.
      `postgres://app:${SECRETS.wrongPassword}@${second.config.host}:${second.config.port}/postgres`,
    ],
    tokens: { secret: SECRETS.token },
    leakWarningMs: 50,
    failoverTimeoutMs: 1000,
    tiers: { batch: { share: 0.5 } },
    logger: { info: log, warn: log, error: log, debug: log } as never,
  })
  observe()
  await replicasReady(pool, 1)
  const register = new Registry()
  const collected = prometheusMetrics({ pools: { shop: pool }, register })
  const servers = {
    dashboard: pool.dashboard({ authorize: () => true }),
    health: healthHandler({ pool }),
  }
  const addresses = await Promise.all(
    Object.entries(servers).map(async ([name, handler]) => {
      const server = createServer((request, response) => void handler(request, response)).listen(
        0,
        '127.0.0.1',
      )
      await new Promise((resolve) => server.once('listening', resolve))
      ends.push(() => server.close())
      return [name, `http://127.0.0.1:${(server.address() as AddressInfo).port}`] as const
    }),
  )
  const get = async (): Promise<void> => {
    for (const [name, address] of addresses)
      for (const path of ['/', '/data', '/live'])
        out(`the answers of ${name}`).push(await (await fetch(`${address}${path}`)).text())
  }
  await get()

  const held = await pool.connect()
  await held.query('select id from items where label = $1', [SECRETS.parameter])
  errors = await useEverything(pool)
  await until('the leak is told', () => out('events').some((event) => Reflect.has(event as object, 'heldMs')))
  await get()
  look('while it runs', pool, held)
  for (const sql of [
    `select '${SECRETS.literal}'::int, id from items`,
    `insert into log values ('${SECRETS.literal}')`,
  ]) {
    const explanation = await pool.explain({ text: sql, values: [SECRETS.parameter] })
    out('explain()').push(explanation, String(explanation))
  }
  await commands()

  await first.kill()
  errors = [...errors, ...(await useEverything(pool))]
  await cluster.primary.kill()
  const statements = [`select '${SECRETS.literal}'`, `insert into log values ('${SECRETS.literal}')`]
  for (const text of statements)
    await pool.query(text).catch((error: unknown) => (errors = [...errors, error]))
  await get()
  look('when every server is down', pool, held)
  out('metrics').push(await register.metrics())
  held.release(true)
  await refused()
  collected.stop()
}, 120_000)

afterAll(async () => {
  for (const end of ends) end()
  await pool?.end()
  await cluster?.stop()
  await rm(scratch, { recursive: true, force: true })
})

/** Prints what an application can print of its objects. */
function look(when: string, used: Pool, client: object): void {
  const session = used.session()
  const objects = { pool: used, client, 'pool.primary': used.primary, 'pool.options': used.options, session }
  for (const [name, object] of Object.entries(objects)) out(`inspection of ${name}`).push(when, object)
  out('inspection of a tier').push(used.tier('batch'))
  out('stats()').push(used.stats())
}

/** Wrong options, a wrong login, and a discovery that fails. */
async function refused(): Promise<void> {
  const { password } = SECRETS
  const wrong: readonly (() => unknown)[] = [
    () => new Pool({ ...login, replicas: [`postgres://app:${password}@[bad`] }),
    () => new Pool({ connectionString: `postgres://app:${password}@:x/y`, replicas: ['postgres://b'] }),
    () => new Pool({ ...login, replicas: [`app:${password}@host/db`] }),
    () => new Pool({ ...login, tokens: { secret: WORD } }),
    () => new Pool({ ...login, replicas: ['postgres://b'], tokens: { secret: [WORD, SECRETS.token] } }),
    () => new Pool({ ...login, replicas: [`postgres://app:${password}@host/db?sslmode=nonsense`] }),
  ]
  for (const make of wrong) {
    try {
      make()
    } catch (error) {
      errors = [...errors, error]
    }
  }
  const failing = new Pool({
    ...login,
    ...placeOf(cluster.primary),
    logger: false,
    failoverTimeoutMs: 500,
    ssl: { key: SECRETS.key, passphrase: SECRETS.key, rejectUnauthorized: false },
    discovery: functionDiscovery(() => {
      throw new Error(`cannot get https://app:${password}@discovery.example/nodes`)
    }),
  })
  failing.events.on('discoveryFailed', (event) => void out('events').push(event))
  errors = [...errors, await failing.query('select 1').catch((error: unknown) => error)]
  // Its JSON has what node-postgres' has.
  const address = urlOf(cluster.primary, { user: 'app', password })
  const ofStrings = new Pool({ connectionString: address, replicas: [address], ssl: { pfx: SECRETS.key } })
  const client = new Client({
    connectionString: address,
    replicas: [address],
    ssl: { passphrase: SECRETS.key },
  })
  const single = new Pool({ connectionString: address })
  for (const each of [
    failing,
    ofStrings,
    ofStrings.primary,
    ofStrings.options,
    single,
    single.options,
    client,
  ])
    out('inspection of connection strings and keys').push(inspect(each, { depth: 12 }))
  out('stats()').push(failing.stats())
  await failing.end()
}

/** The commands, on servers whose statistics and log hold values. */
async function commands(): Promise<void> {
  const primary = urlOf(cluster.primary, { user: 'app', password: SECRETS.password })
  const wrong = urlOf(cluster.primary, { user: 'app', password: SECRETS.wrongPassword })
  const running = ask(cluster.primary.config, `select pg_sleep(60), '${SECRETS.literal}'`).catch(
    () => undefined,
  )
  const pids = `from pg_stat_activity where query like 'select pg_sleep(60)%' and query_start < now() - interval '200ms'`
  await until(
    'a statement runs for long',
    async () => (await ask(cluster.primary.config, `select ${pids}`)).length === 1,
  )
  for (const args of [
    ['--primary', primary, '--replica', wrong, '--slow', '100'],
    ['--primary', primary, '--json', '--slow', '100'],
    ['--primary', wrong],
    ['--primary', `${primary}?nonsense`, '--replica', `x${primary}`],
  ])
    out('doctor').push(await runCommand('doctor', doctor, args))
  await ask(cluster.primary.config, `select pg_terminate_backend(pid) ${pids}`)
  await running

  const log = join(scratch, 'postgresql.log')
  const line = (text: string): string =>
    `2026-01-01 10:00:00.000 UTC [1] LOG:  duration: 5.000 ms  statement: ${text}\n`
  const texts = [
    `select id from items where label = '${SECRETS.literal}'`,
    `select sneaky('${SECRETS.literal}')`,
    `insert into log values ('${SECRETS.literal}')`,
    `selec '${SECRETS.literal}'`,
    `set app.token = '${SECRETS.literal}'`,
  ]
  const detail = `2026-01-01 10:00:00.000 UTC [1] DETAIL:  parameters: $1 = '${SECRETS.parameter}'\n`
  await writeFile(log, texts.map((text) => line(text) + detail).join(''))
  for (const args of [
    ['--log', log, '--server', primary],
    ['--log', log, '--server', primary, '--json'],
    ['--server', primary],
    ['--server', primary, '--json'],
    ['--log', log, '--server', wrong],
    ['--log', log, '--server', `x${primary}`],
  ])
    out('dry-run').push(await runCommand('dry-run', dryRun, args))
}

/** Everything that an output shows, as a person and as a machine print it. */
function shown(values: readonly unknown[]): string {
  return values
    .map((value) => {
      if (typeof value === 'string') return value
      const json = JSON.stringify(value, replacer()) ?? ''
      return `${inspect(value, { depth: 8, maxArrayLength: null, maxStringLength: null })}\n${json}`
    })
    .join('\n')
}

/** Makes JSON of what has cycles and big integers, too. */
function replacer(): (key: string, value: unknown) => unknown {
  const seen = new WeakSet()
  return (_key, value) => {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (seen.has(value)) return '[again]'
    seen.add(value)
    return value
  }
}

/** The secrets in a text, with what stands around them. */
function secretsIn(text: string): readonly string[] {
  const found = new RegExp(`.{0,80}(?:${WORD}|${encodeURIComponent(WORD)}).{0,40}`, 'g')
  return [...new Set(text.match(found) ?? [])].slice(0, 8)
}

test.each<readonly [output: string, shows: RegExp]>([
  ['log', /down/],
  ['events', /sql/],
  ['diagnostics channels', /sql/],
  ['tracing channels', /summary/],
  ['spans', /db\.query\.text/],
  ['metrics', /switchyard_statements_total/],
  ['the answers of dashboard', /"statements"|items/],
  ['the answers of health', /isReady/],
  ['explain()', /candidates/],
  ['stats()', /traffic/],
  ['inspection of pool', /Pool/],
  ['inspection of client', /Client|Pool/],
  ['inspection of pool.primary', /Pool/],
  ['inspection of pool.options', /host/],
  ['inspection of session', /Session/],
  ['inspection of a tier', /./],
  ['inspection of connection strings and keys', /postgres:\/\/…@[^]*pfx: '…'/],
  ['doctor', /pg_sleep/],
  ['dry-run', /sneaky/],
])('%s: no secret', (output, shows) => {
  const text = shown(out(output))
  expect(text).toMatch(shows)
  expect(secretsIn(text)).toEqual([])
})

test('warnings of the process: no secret', () => {
  expect(secretsIn(shown(out('warnings of the process')))).toEqual([])
})

test('errors of this library: no secret in message, stack, fields and inspection', () => {
  const own = errors.filter((error) => error instanceof SwitchyardError)
  const codes = new Set(own.map(({ code }) => code))
  for (const code of ['SWITCHYARD_NO_PRIMARY', 'SWITCHYARD_INVALID_OPTION', 'SWITCHYARD_SETTING_REFUSED'])
    expect([...codes]).toContain(code)
  for (const error of own) {
    // Behind this one is the error of the server as node-postgres gives it, which quotes the setting.
    if (error.code === 'SWITCHYARD_SETTING_REFUSED') Reflect.deleteProperty(error, 'cause')
    expect(secretsIn(shown([error]))).toEqual([])
  }
})
