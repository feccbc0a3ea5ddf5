import { Pool as PgPool, type ClientConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import { dryRun } from '../../src/cli/dry-run/dry-run.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { LOGGING, logOf, sharesOf } from '../proofs/dry-run-run.ts'
import type { Run } from '../proofs/transparency-run.ts'
import { runCommand, urlOf } from '../support/cli.ts'
import { WAITING, poolOver } from '../support/routed-pool.ts'
import { runOnNewDatabase } from '../support/scripts.ts'
import { ask } from '../support/servers.ts'

let cluster: Cluster
let routed: readonly Run[]

beforeAll(async () => {
  cluster = await startCluster({
    replicas: 2,
    settings: {
      ...LOGGING,
      log_line_prefix: '%m [%p] %u@%d ',
      shared_preload_libraries: 'pg_stat_statements',
    },
  })
  await runOnNewDatabase(cluster, 'bare', (database) => new PgPool({ ...cluster.primary.config, database }))
  routed = await runOnNewDatabase(cluster, 'routed', (database) => {
    const replicas = cluster.replicas.map(({ config }) => ({ ...config, database }))
    return poolOver(cluster, { database, replicas, ...WAITING })
  })
})
afterAll(() => cluster?.stop())

describe.each(['stderr', 'csvlog', 'jsonlog'] as const)('from a log, %s', (format) => {
  test('predicts the measured share within two points', async () => {
    const log = await logOf(cluster.primary.config, format)
    const { predicted, measured } = await sharesOf(
      // Only the others say which database a statement belongs to.
      format === 'stderr' ? linesOf(log, 'bare') : log,
      urlOf(cluster.primary, { database: 'bare' }),
      routed,
    )
    expect(measured).toBeGreaterThan(0.1)
    expect(Math.abs(predicted - measured)).toBeLessThan(0.02)
  })
})

/** The records of one database in a log whose lines name it, and what continues them. */
function linesOf(log: string, database: string): string {
  let isWanted = false
  return log
    .split('\n')
    .filter((line) => {
      if (!line.startsWith('\t')) isWanted = line.includes(`@${database} `)
      return isWanted
    })
    .join('\n')
}

describe('from pg_stat_statements', () => {
  let config: ClientConfig
  let url: string

  beforeAll(async () => {
    await ask(cluster.primary.config, 'create database shop')
    config = { ...cluster.primary.config, database: 'shop' }
    url = urlOf(cluster.primary, { database: 'shop' })
    for (const sql of [
      'create extension pg_stat_statements',
      'create table items (id int, at timestamptz)',
      `create function counted(name text) returns bigint language plpgsql as $$
         declare n bigint; begin execute 'select 1' into n; return n; end $$`,
      'select pg_stat_statements_reset()',
      ...Array.from({ length: 6 }, (_, id) => `select * from items where at < now() - interval '${id} days'`),
      "select counted('secret')",
      'begin; select 1; commit',
      "insert into items values (1, 'today')",
    ]) {
      await ask(config, sql)
    }
  })

  test('says what leaves the primary, what stays and why, and by time', async () => {
    const { code, stdout } = await runCommand('dry-run', dryRun, ['--server', url, '--json'])
    expect([code, stdout.includes('secret')]).toEqual([0, false])
    expect(JSON.parse(stdout)).toMatchObject({
      replica: 7,
      timeShare: expect.any(Number) as number,
      stays: expect.arrayContaining([
        expect.objectContaining({
          cause: 'function-volatile',
          freedBy: expect.stringMatching(/^If they only read, label them .*: counted\(\)/) as string,
        }),
        expect.objectContaining({ cause: 'data-modifying', statements: 1 }),
      ]) as object[],
      unknown: expect.arrayContaining([
        expect.stringMatching(/^1 transactions were begun without READ ONLY/),
      ]) as string[],
    })
  })

  test('does not see the texts of others without the right', async () => {
    await ask(config, "create role blind login password 'hidden word'")
    const login = urlOf(cluster.primary, { database: 'shop', user: 'blind', password: 'hidden word' })
    const { code, stdout } = await runCommand('dry-run', dryRun, ['--server', login])
    expect(code).toBe(1)
    expect(stdout).toContain('GRANT pg_read_all_stats')
  })
})

// A server that was upgraded keeps the version of its extensions.
describe.each(['1.7', '1.8'])('from pg_stat_statements %s', (version) => {
  const database = `upgraded_${version.replace('.', '_')}`
  let url: string

  beforeAll(async () => {
    await ask(cluster.primary.config, `create database ${database}`)
    url = urlOf(cluster.primary, { database })
    const config = { ...cluster.primary.config, database }
    await ask(config, `create extension pg_stat_statements version '${version}'`)
    await ask(config, 'select count(*) from pg_class, pg_sleep(0.05)')
  })

  test('dry-run says what leaves the primary', async () => {
    const { code, stdout, stderr } = await runCommand('dry-run', dryRun, ['--server', url, '--json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({ replica: 1, timeShare: expect.any(Number) as number })
  })

  test('doctor names slow statements', async () => {
    const { stdout } = await runCommand('doctor', doctor, ['--json', '--slow', '40', '--primary', url])
    const { findings } = JSON.parse(stdout) as { findings: readonly { id: string; what: string }[] }
    const slow = findings.find(({ id }) => id === 'slow-queries')
    expect(slow?.what).toContain('pg_sleep')
  })
})

describe('bad input gets one line', () => {
  const unreachable = 'postgres://app:word@127.0.0.1:1/shop'
  test.each<[string, () => readonly string[], number, RegExp]>([
    [
      'a server that cannot be reached',
      () => ['--server', unreachable],
      2,
      /: The \w+.* cannot be reached: .*\n$/,
    ],
    [
      'a server without the view',
      () => ['--server', urlOf(cluster.primary)],
      2,
      /: The server \S+ has no pg_stat_statements in this database: .*\n$/,
    ],
    [
      'a file that is missing',
      () => ['--log', '/nowhere'],
      2,
      /: Option "--log" must be a file that can be read: ENOENT\n$/,
    ],
    ['a directory', () => ['--file', '/'], 2, /: Option "--file" must be a file that can be read: EISDIR\n$/],
    [
      'declarations that are none',
      () => ['--file', '-', '--declared', '/nowhere'],
      2,
      /: Option "--declared" must be a file that can be read: ENOENT\n$/,
    ],
    ['no option', () => [], 2, /: Give the traffic: .*\n$/],
  ])('%s', async (_what, args, exitCode, line) => {
    const { code, stdout, stderr } = await runCommand('dry-run', dryRun, args())
    expect([code, stdout]).toEqual([exitCode, ''])
    expect(stderr).toMatch(new RegExp(`^pg-switchyard dry-run${line.source}`))
    expect(stderr).not.toContain('word')
  })

  test('a log without statements fails, and says how to get them', async () => {
    const { code, stdout } = await runCommand('dry-run', dryRun, ['--log', '-'], 'nothing of interest\n')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^There are no statements to classify\.\n {2}- The log holds no statements\. [^]*log_min_duration_statement = 0/,
    )
    expect(stdout).not.toMatch(/%|--server/)
  })
})
