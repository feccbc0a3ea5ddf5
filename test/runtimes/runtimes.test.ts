import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { ask, until } from '../support/servers.ts'

// The program that an application is, unchanged under each runtime.

const folder = import.meta.dirname
const packages = join(folder, 'node_modules')
const newerNode = (major: number): string =>
  join(packages, `node-${major}-${process.platform}-${process.arch}`, 'bin/node')

const RUNTIMES: readonly (readonly [name: string, program: string, args: readonly string[]])[] = [
  ['Node.js', process.execPath, []],
  ['Node.js 22', newerNode(22), []],
  ['Node.js 24', newerNode(24), []],
  ['Bun', join(packages, '.bin/bun'), []],
  ['Deno', join(packages, '.bin/deno'), ['run', '--allow-all', '--no-prompt']],
]

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 2 })
})
afterAll(() => cluster?.stop())

function run(program: string, args: readonly string[], table: string): Promise<unknown> {
  const job = {
    primary: cluster.primary.config,
    replicas: cluster.replicas.map(({ config }) => config),
    table,
  }
  const env = { ...process.env, MAIN_JOB: JSON.stringify(job), NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' }
  return new Promise((resolve, reject) => {
    // A program that does not end by itself has left something open.
    execFile(
      program,
      [...args, 'main-job.mjs'],
      { cwd: folder, env, timeout: 60_000 },
      (error, stdout, stderr) => {
        if (error === null) resolve({ seen: JSON.parse(stdout) as unknown, stderr })
        else reject(new Error(`${error.message}\n${stdout}`))
      },
    )
  })
}

describe.each(RUNTIMES)('%s', (name, program, args) => {
  const isThere = existsSync(program)
  const reason = isThere
    ? ''
    : ` (skipped: there is no package of ${name} for ${process.platform}-${process.arch})`

  it.skipIf(!isThere)(`does the main job${reason}`, { timeout: 90_000 }, async () => {
    const table = `job_${name.replaceAll(/\W/g, '_').toLowerCase()}`
    await ask(cluster.primary.config, `create table ${table} (id int primary key, label text)`)
    await cluster.caughtUp()
    expect(await run(program, args, table)).toEqual({
      seen: {
        roles: ['replica', 'primary'],
        ownWrites: Array.from({ length: 20 }, (_, i) => i + 1),
        inside: 21,
        rolledBack: 20,
        transaction: 21,
        streamed: Array.from({ length: 21 }, (_, i) => i + 1),
        carried: 22,
        apart: [101, 102, 103].map((id) => [{ id }]),
        error: '42703 column "missing" does not exist',
        ended: 'Cannot use a pool after calling end on the pool',
      },
      stderr: '',
    })
    const open = 'select 1 from pg_stat_activity where application_name = $1'
    await until('no connection is left', async () => {
      const left = await Promise.all(cluster.nodes.map((node) => ask(node.config, open, [table])))
      return left.every((rows) => rows.length === 0)
    })
  })
})

it('those that package.json names are those that are tried', () => {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  const tried = RUNTIMES.map(([, program]) => program)
  for (const name of Object.keys(dependencies)) expect(tried).toContain(join(packages, '.bin', name))
})

const hasAll = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)

// Where a package could not be installed, the job above would be skipped.
it.runIf(hasAll)('none of them is left out on Linux', () => {
  expect(RUNTIMES.filter(([, program]) => !existsSync(program)).map(([name]) => name)).toEqual([])
})
