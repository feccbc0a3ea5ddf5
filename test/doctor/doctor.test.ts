import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectTo, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doctor } from '../../src/cli/doctor/doctor.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'
import { runCommand, urlOf, type Ran } from '../support/cli.ts'
import { databaseSeeds, settingSeeds } from './seeds.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { alterSystem } from '../support/settings.ts'

let cluster: Cluster
let primary: ClusterNode
let replica: ClusterNode
let other: ClusterNode
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-doctor-'))
  cluster = await startCluster({
    replicas: 2,
    settings: { shared_preload_libraries: 'pg_stat_statements', log_min_messages: 'fatal' },
  })
  const [first, second] = cluster.replicas
  if (first === undefined || second === undefined) throw new Error('no replicas')
  ;[primary, replica, other] = [cluster.primary, first, second]
})
afterAll(async () => {
  await cluster?.stop()
  await rm(directory, { recursive: true })
})

function run(...args: string[]): Promise<Ran> {
  return runCommand('doctor', doctor, args)
}

interface Report {
  readonly code: number
  readonly findings: readonly Finding[]
  readonly text: string
}

/** Runs it with `--json`. */
async function examine(urls: readonly string[], ...args: string[]): Promise<Report> {
  const [first = '', ...others] = urls
  const { code, stdout, stderr } = await run('--json', '--primary', first, ...replicas(others), ...args)
  expect(stderr).toBe('')
  const { findings } = JSON.parse(stdout) as Report
  return { code, findings, text: stdout }
}

function replicas(urls: readonly string[]): string[] {
  return urls.flatMap((url) => ['--replica', url])
}

function idsOf({ findings }: Report): string[] {
  return [...new Set(findings.map(({ id }) => id))].toSorted()
}

describe('a good deployment', () => {
  it('gets no findings', async () => {
    await ask(primary.config, 'create extension pg_stat_statements')
    await ask(primary.config, 'create table items (id int primary key, label text)')
    await ask(primary.config, "insert into items select g, 'item ' || g from generate_series(1, 9000) g")
    await ask(
      primary.config,
      `create function label_of(int) returns text stable language sql
      as 'select label from items where id = $1'`,
    )
    await cluster.caughtUp()
    const { code, stdout } = await run(
      '--primary',
      urlOf(primary),
      ...replicas([urlOf(replica), urlOf(other)]),
    )
    expect([code, stdout]).toEqual([0, 'No problems were found with 3 nodes.\n'])
  })
})

describe('a database with faults', () => {
  let report: Report

  beforeAll(async () => {
    await ask(primary.config, 'create database faulty')
    const config = { ...primary.config, database: 'faulty' }
    for (const sql of databaseSeeds.flatMap((seed) => seed.sql ?? [])) await ask(config, sql)
    await cluster.caughtUp()
    const slow = new Client(config)
    const idle = new Client(config)
    for (const client of [slow, idle]) client.on('error', () => undefined)
    await Promise.all([slow.connect(), idle.connect()])
    const sleeping = slow.query("select pg_sleep(60), 'secret literal'").catch(() => undefined)
    await idle.query('begin; select 1')
    await until('both have taken their time', async () => {
      const [row] = await ask(
        config,
        `select count(*)::int as n from pg_stat_activity where datname = 'faulty' and pid <> pg_backend_pid()
           and clock_timestamp() - query_start > '300ms'`,
      )
      return row?.['n'] === 2
    })
    const urls = [primary, replica].map((node) => urlOf(node, { database: 'faulty' }))
    report = await examine(urls, '--slow', '200')
    await ask(
      config,
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'",
    )
    await sleeping
    await Promise.all([slow.end(), idle.end()])
    await ask(config, "select pg_drop_replication_slot('forgotten')")
  })

  it.each(databaseSeeds)('$id', ({ id, severity, fix }) => {
    const found = report.findings.filter((finding) => finding.id === id)
    expect(found[0]).toMatchObject({ severity, fix: expect.stringMatching(fix) as string })
  })

  it('has no others, and fails', () => {
    expect(idsOf(report)).toEqual(databaseSeeds.map(({ id }) => id).toSorted())
    expect(report.code).toBe(1)
  })

  it('is described without constants of statements and without passwords', () => {
    expect(report.text).toContain('select pg_sleep(?), ?')
    expect(report.text).not.toContain('secret literal')
    expect(report.text).not.toContain(primary.config.password)
  })

  it('is not told of what is declared', async () => {
    const file = join(directory, 'declared.json')
    await writeFile(file, JSON.stringify({ functions: { counted: 'readOnly', price_of: 'primaryOnly' } }))
    const declared = await examine([urlOf(primary, { database: 'faulty' })], '--declared', file)
    const silenced = ['volatile-functions', 'bound-relations', 'function-label']
    expect(idsOf(declared).filter((id) => silenced.includes(id))).toEqual([])
  })
})

describe('faults in settings and rights', () => {
  let report: Report

  beforeAll(async () => {
    await ask(primary.config, "create role app login password 'hidden word'")
    for (const sql of settingSeeds.flatMap((seed) => seed.sql ?? [])) await ask(primary.config, sql)
    await cluster.caughtUp()
    await alterSystem(primary.config, { autovacuum: 'off' })
    await alterSystem(replica.config, {
      TimeZone: 'Asia/Tokyo',
      hot_standby_feedback: 'off',
      max_standby_streaming_delay: '-1',
      recovery_min_apply_delay: '1h',
    })
    await ask(primary.config, 'update items set label = label where id = 1')
    await until('the update is counted', async () => {
      const [row] = await ask(
        primary.config,
        `select n_tup_upd::int as n from pg_stat_user_tables where relname = 'items'`,
      )
      return row?.['n'] === 1
    })
    const login = { user: 'app', password: 'hidden word' }
    report = await examine([urlOf(primary, login), urlOf(replica, login)], '--max-lag', '50')
    await ask(primary.config, 'grant execute on function pg_control_system() to public')
    await alterSystem(primary.config, { autovacuum: 'on' })
  })

  it.each(settingSeeds)('$id', ({ id, severity, fix }) => {
    const found = report.findings.filter((finding) => finding.id === id)
    expect(found[0]).toMatchObject({ severity, fix: expect.stringMatching(fix) as string })
  })

  it('are the only ones, and fail', () => {
    expect(idsOf(report)).toEqual(settingSeeds.map(({ id }) => id).toSorted())
    expect([report.code, report.text.includes('hidden word')]).toEqual([1, false])
  })
})

describe('addresses', () => {
  it('of a server twice', async () => {
    const report = await examine([urlOf(primary), urlOf(primary)])
    expect(report.findings).toMatchObject([{ id: 'same-server', severity: 'error' }])
    expect(report.code).toBe(1)
  })

  it('given the wrong way round', async () => {
    const report = await examine([urlOf(other), urlOf(primary)])
    expect(idsOf(report)).toEqual(expect.arrayContaining(['primary-is-standby', 'replica-is-primary']))
  })

  it('where the login is refused', async () => {
    const report = await examine([urlOf(primary), urlOf(other, { password: 'wrong word' })])
    expect(report.findings).toMatchObject([{ id: 'login-refused', node: expect.any(String) as string }])
    expect([report.code, report.text.includes('wrong word')]).toEqual([1, false])
  })

  it('of several servers', async () => {
    const nodes = [replica, other]
    const server = createServer((socket) => {
      const [next] = nodes
      nodes.reverse()
      const { host, port } = next?.config ?? {}
      const through = connectTo({ host, port: Number(port) })
      for (const each of [socket, through]) each.on('error', () => undefined)
      socket.pipe(through).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const report = await examine([urlOf(primary), urlOf(replica, { host: '127.0.0.1', port })])
    await new Promise((resolve) => server.close(resolve))
    expect(idsOf(report)).toContain('several-servers')
  })

  it('of another cluster', async () => {
    await using stranger = await sharedCluster({ replicas: 0 })
    const report = await examine([urlOf(primary), urlOf(stranger.primary)])
    expect(idsOf(report)).toEqual(['foreign-cluster', 'replica-is-primary'])
  })
})

describe('a replica that does not follow', () => {
  it('because replay is paused', async () => {
    await other.pauseReplay()
    const report = await examine([urlOf(primary), urlOf(other)])
    await other.resumeReplay()
    expect(report.findings).toMatchObject([
      { id: 'replay-paused', severity: 'error', fix: 'SELECT pg_wal_replay_resume();' },
    ])
  })

  it('because it receives no WAL', async () => {
    await alterSystem(other.config, { primary_conninfo: '' })
    await until('it does not stream', async () => {
      const [row] = await ask(other.config, 'select (pg_stat_get_wal_receiver()).pid')
      return row?.['pid'] === null
    })
    const report = await examine([urlOf(primary), urlOf(other)])
    expect(idsOf(report)).toContain('not-streaming')
  })
})

describe('exit codes', () => {
  it('fail for warnings only with --strict', async () => {
    await ask(primary.config, 'create unlogged table visits (id int)')
    const codes = [await run('--primary', urlOf(primary)), await run('--strict', '--primary', urlOf(primary))]
    await ask(primary.config, 'drop table visits')
    expect(codes.map(({ code }) => code)).toEqual([0, 1])
    expect(codes[0]?.stdout).toMatch(
      /^warning unlogged-tables\n {2}Unlogged tables: public\.visits\.\n {2}Why: /,
    )
  })

  it.each([
    [
      'of a server that cannot be reached',
      () => ['--primary', 'postgres://app:word@127.0.0.1:1/shop'],
      /^pg-switchyard doctor: The primary 127\.0\.0\.1:1 cannot be reached: .*\n$/,
    ],
    [
      'of a replica that cannot be reached',
      () => ['--primary', urlOf(primary), '--replica', 'postgres://127.0.0.1:1'],
      /^pg-switchyard doctor: The replica 127\.0\.0\.1:1 cannot be reached: .*\n$/,
    ],
    [
      'of a primary that refuses the login',
      () => ['--primary', urlOf(primary, { password: 'wrong word' })],
      /^pg-switchyard doctor: The primary \S+ refuses the login: .*\n$/,
    ],
    [
      'of a database that is missing',
      () => ['--primary', urlOf(primary, { database: 'nowhere' })],
      /^pg-switchyard doctor: The primary \S+ refuses the login: .*"nowhere".*\n$/,
    ],
    [
      'of a file that is missing',
      () => ['--primary', urlOf(primary), '--declared', '/nowhere'],
      /^pg-switchyard doctor: Option "--declared" must be a file that can be read: ENOENT\n$/,
    ],
  ])('%s', async (_what, args, line) => {
    const { code, stdout, stderr } = await run(...args())
    expect([code, stdout, stderr.includes('word@'), stderr.includes('wrong word')]).toEqual([
      2,
      '',
      false,
      false,
    ])
    expect(stderr).toMatch(line)
  })
})
