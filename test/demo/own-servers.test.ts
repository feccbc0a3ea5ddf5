import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Cluster, NodeConfig } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'
import { runDemo, startDemo } from './command.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const SCHEMAS = "select nspname from pg_namespace where nspname like 'switchyard%'"
// Each test starts a process, and most of them make a shop.
vi.setConfig({ testTimeout: 60_000 })

const PASSWORD = 'correct-horse'

let cluster: Cluster
let primary: string
let replica: string

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  primary = urlOf(cluster.primary.config)
  replica = urlOf(cluster.replicas[0]?.config ?? cluster.primary.config)
  await ask(cluster.primary.config, `create role weak login password '${PASSWORD}'`)
  await ask(cluster.primary.config, 'revoke create on database postgres from public')
  await cluster.caughtUp()
})
afterAll(() => cluster?.stop())

test('no error and no stale read, and no server is hurt', async () => {
  const { code, stdout, stderr } = await runDemo(
    '--primary',
    primary,
    '--replica',
    replica,
    '--seconds',
    '2',
    '--json',
  )
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).not.toContain(cluster.primary.config.password)
  expect(JSON.parse(stdout)).toMatchObject({
    errors: 0,
    violations: 0,
    events: [],
    // The library that counts statements is not loaded there.
    crossCheck: { method: 'pg_stat_database' },
  })
  expect(await schemas()).toEqual([])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in the middle removes everything', async (signal) => {
  const demo = startDemo('--primary', primary, '--replica', replica, '--seconds', '60')
  await until('the shop is there', async () => (await schemas()).length > 0, 30_000)
  demo.process.kill(signal)
  const { code, stderr } = await demo.ended
  expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal])
  expect(stderr).toBe('Interrupted. Everything that the demo made is removed.\n')
  expect(await schemas()).toEqual([])
})

test('without a reader it ends', async () => {
  const demo = startDemo('--primary', primary, '--replica', replica, '--seconds', '60')
  demo.process.stdout?.once('data', () => demo.process.stdout?.destroy())
  expect((await demo.ended).code).toBe(141)
  expect(await schemas()).toEqual([])
})

test.each<readonly [what: string, args: () => readonly string[], message: RegExp]>([
  [
    'a role that may not create a schema',
    () => ['--primary', as(primary, 'weak', PASSWORD), '--replica', as(replica, 'weak', PASSWORD)],
    /^The primary 127\.0\.0\.1:\d+ does not allow it: permission denied for database postgres$/,
  ],
  [
    'a wrong password',
    () => ['--primary', as(primary, 'weak', `${PASSWORD}-not`), '--replica', replica],
    /^The primary 127\.0\.0\.1:\d+ refuses the login: password authentication failed for user "weak"$/,
  ],
  [
    'a primary that is a replica',
    () => ['--primary', replica, '--replica', primary],
    /^The server given as --primary, 127\.0\.0\.1:\d+, is a replica: it takes no writes$/,
  ],
  [
    'a replica that is a primary',
    () => ['--primary', primary, '--replica', primary],
    /^The server given as --replica, 127\.0\.0\.1:\d+, is a primary: it follows no other server$/,
  ],
  [
    'a database that is not there',
    () => ['--primary', primary.replace(/\/postgres$/, '/nothing'), '--replica', replica],
    /^The primary 127\.0\.0\.1:\d+ has no such database: database "nothing" does not exist$/,
  ],
  [
    'a port where nobody listens',
    () => ['--primary', `postgres://weak:${PASSWORD}@127.0.0.1:1/postgres`, '--replica', replica],
    /^The primary 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1$/,
  ],
])('%s: one sentence, exit code 1', async (_what, args, message) => {
  const { code, stdout, stderr } = await runDemo(...args(), '--seconds', '2', '--json')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).not.toContain(PASSWORD)
  expect(stderr.replace(/^pg-switchyard demo: /, '').trimEnd()).toMatch(message)
  expect(await schemas()).toEqual([])
})

/** Whatever happened: nothing stays on servers that are not ours. */
function schemas(): Promise<unknown[]> {
  return ask(cluster.primary.config, SCHEMAS)
}

function urlOf({ host, port, user, password, database }: NodeConfig): string {
  return `postgres://${user}:${password}@${host}:${port}/${database}`
}

function as(url: string, user: string, password: string): string {
  return url.replace(/\/\/[^@]*@/, `//${user}:${password}@`)
}
