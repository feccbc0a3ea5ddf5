import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PLUG, type Plug } from './plug.ts'

export interface Result {
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly message?: string
}

export interface Results {
  /** By the test's full name. */
  readonly tests: ReadonlyMap<string, Result>
  readonly reads: number
  /** Those of the reads that replicas answered. */
  readonly replicaReads: number
}

interface Suite {
  readonly directory: string
  readonly runner: string
  readonly args: readonly string[]
  readonly plug: Omit<Plug, 'tally'>
}

/** Runs a suite in a process of its own, and reads what it reports. */
export async function runSuite({ directory, runner, args, plug }: Suite): Promise<Results> {
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-suite-'))
  const output = join(scratch, 'report.json')
  const tally = join(scratch, 'tally')
  await writeFile(tally, '')
  const isVitest = runner.includes('vitest')
  const reporting = isVitest
    ? ['--reporter=json', `--outputFile=${output}`]
    : ['--reporter', 'json', '--reporter-option', `output=${output}`]
  const { host, port, user, password, database } = plug.primary
  const preload = join(import.meta.dirname, 'preload.js')
  const env = {
    ...process.env,
    [PLUG]: JSON.stringify({ ...plug, tally } satisfies Plug),
    NODE_OPTIONS: `--import ${preload}`,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PG_CONNECTION_STRING: `postgres://${user}:${password}@${host}:${port}/${database}`,
  }
  const child = spawn(process.execPath, [resolve(directory, runner), ...args, ...reporting], {
    cwd: directory,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise<number | null>((done) => child.once('exit', done))
  try {
    const report = JSON.parse(await readFile(output, 'utf8')) as never
    const lines = (await readFile(tally, 'utf8')).split('\n').map((line) => line.split(' ').map(Number))
    const sum = (column: number): number => lines.reduce((total, line) => total + (line[column] ?? 0), 0)
    const tests = isVitest ? fromVitest(report) : fromMocha(report)
    return { tests, reads: sum(0), replicaReads: sum(1) }
  } catch (cause) {
    throw new Error(`the suite ended with ${code} and without a report`, { cause })
  } finally {
    await rm(scratch, { recursive: true })
  }
}

interface MochaTest {
  readonly fullTitle: string
  readonly err: { readonly message?: string; readonly stack?: string }
}

function fromMocha(report: {
  readonly passes: readonly MochaTest[]
  readonly failures: readonly MochaTest[]
  readonly pending: readonly MochaTest[]
}): Results['tests'] {
  const states = [
    ['passed', report.passes],
    ['failed', report.failures],
    ['skipped', report.pending],
  ] as const
  return new Map(
    states.flatMap(([state, tests]) =>
      tests.map(
        ({ fullTitle, err }) => [fullTitle, { state, message: err.stack ?? err.message ?? '' }] as const,
      ),
    ),
  )
}

function fromVitest(report: {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}): Results['tests'] {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  return new Map(
    tests.map(({ fullName, status, failureMessages }) => {
      const state = status === 'passed' || status === 'failed' ? status : 'skipped'
      return [fullName, { state, message: failureMessages.join('\n') }] as const
    }),
  )
}
