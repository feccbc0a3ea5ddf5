import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PLUG, type Plug } from './plug.ts'
import { reporterOf, type Result, type Tests } from './reports.ts'

export interface Results {
  readonly tests: Tests
  readonly reads: number
  /** Those of the reads that replicas answered. */
  readonly replicaReads: number
}

interface Suite {
  readonly directory: string
  /** The program that runs the suite; undefined where each of `args` is a program that is one test. */
  readonly runner: string | undefined
  readonly args: readonly string[]
  readonly plug: Omit<Plug, 'tally'>
}

/** Runs a suite in processes of its own, and reads what it reports. */
export async function runSuite({ directory, runner, args, plug }: Suite): Promise<Results> {
  const scratch = await mkdtemp(join(tmpdir(), 'switchyard-suite-'))
  const tally = join(scratch, 'tally')
  await writeFile(tally, '')
  const env = environment({ ...plug, tally })
  try {
    const tests =
      runner === undefined
        ? await runEach(directory, args, env)
        : await runRunner(directory, resolve(directory, runner), args, env, scratch)
    const lines = (await readFile(tally, 'utf8')).split('\n').map((line) => line.split(' ').map(Number))
    const sum = (column: number): number => lines.reduce((total, line) => total + (line[column] ?? 0), 0)
    return { tests, reads: sum(0), replicaReads: sum(1) }
  } finally {
    await rm(scratch, { recursive: true })
  }
}

function environment(plug: Plug): NodeJS.ProcessEnv {
  const { host, port, user, password, database } = plug.primary
  return {
    ...process.env,
    [PLUG]: JSON.stringify(plug),
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'preload.js')} ${process.env['NODE_OPTIONS'] ?? ''}`,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PG_CONNECTION_STRING: `postgres://${user}:${password}@${host}:${port}/${database}`,
  }
}

async function runRunner(
  directory: string,
  runner: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  scratch: string,
): Promise<Tests> {
  const reporter = reporterOf(runner)
  const child = spawn(process.execPath, [runner, ...args, ...reporter.arguments(scratch)], {
    cwd: directory,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const code = await new Promise<number | null>((done) => child.once('exit', done))
  try {
    return await reporter.read(scratch)
  } catch (cause) {
    throw new Error(`the suite ended with ${code} and without a report`, { cause })
  }
}

/** A program that takes longer than this has failed. */
const EACH_TIMEOUT_MS = 60_000

async function runEach(directory: string, files: readonly string[], env: NodeJS.ProcessEnv): Promise<Tests> {
  const tests = new Map<string, Result>()
  for (const file of files) tests.set(file, await runOne(directory, file, env))
  return tests
}

async function runOne(directory: string, file: string, env: NodeJS.ProcessEnv): Promise<Result> {
  const child = spawn(process.execPath, [resolve(directory, file)], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: EACH_TIMEOUT_MS,
  })
  let message = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (message += text))
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { state: code === 0 ? 'passed' : 'failed', message }
}
