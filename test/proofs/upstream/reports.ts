import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Result {
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly message: string
}

/** By the test's full name. */
export type Tests = ReadonlyMap<string, Result>

/** How a runner is told to report into a directory, and how its report is read. */
export interface Reporter {
  arguments(scratch: string): readonly string[]
  read(scratch: string): Promise<Tests>
}

/** The reporter of a runner, by its program's path. */
export function reporterOf(runner: string): Reporter {
  if (runner.includes('vitest')) return vitest
  if (runner.includes('jest')) return jest
  if (runner.includes('jasmine')) return jasmine
  return mocha
}

const REPORT = 'report.json'

const vitest: Reporter = {
  arguments: (scratch) => ['--reporter=json', `--outputFile=${join(scratch, REPORT)}`],
  read: async (scratch) => fromJest(await json(scratch)),
}

const jest: Reporter = {
  arguments: (scratch) => ['--json', `--outputFile=${join(scratch, REPORT)}`],
  read: async (scratch) => fromJest(await json(scratch)),
}

const mocha: Reporter = {
  arguments: (scratch) => ['--reporter', 'json', '--reporter-option', `output=${join(scratch, REPORT)}`],
  read: async (scratch) => fromMocha(await json(scratch)),
}

const jasmine: Reporter = {
  arguments: (scratch) => ['--junitreport', '--output', scratch],
  async read(scratch) {
    const names = (await readdir(scratch)).filter((name) => name.endsWith('.xml'))
    const reports = await Promise.all(names.map((name) => readFile(join(scratch, name), 'utf8')))
    return new Map(reports.flatMap(fromJunit))
  },
}

async function json(scratch: string): Promise<never> {
  return JSON.parse(await readFile(join(scratch, REPORT), 'utf8')) as never
}

interface MochaTest {
  readonly fullTitle: string
  readonly err: { readonly message?: string; readonly stack?: string }
}

function fromMocha(report: {
  readonly passes: readonly MochaTest[]
  readonly failures: readonly MochaTest[]
  readonly pending: readonly MochaTest[]
}): Tests {
  const states = [
    ['passed', report.passes],
    ['skipped', report.pending],
    ['failed', report.failures],
  ] as const
  return new Map(
    states.flatMap(([state, tests]) =>
      tests.map(
        ({ fullTitle, err }) => [fullTitle, { state, message: err.stack ?? err.message ?? '' }] as const,
      ),
    ),
  )
}

function fromJest(report: {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}): Tests {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  return new Map(
    tests.map(({ fullName, status, failureMessages }) => {
      const state = status === 'passed' || status === 'failed' ? status : 'skipped'
      return [fullName, { state, message: failureMessages.join('\n') }] as const
    }),
  )
}

const TEST_CASE =
  /<testcase [^>]*?classname="([^"]*)"[^>]*? name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g

function fromJunit(xml: string): readonly (readonly [string, Result])[] {
  return [...xml.matchAll(TEST_CASE)].map(([, suite, name, body = '']) => {
    const state = body.includes('<failure') ? 'failed' : body.includes('<skipped') ? 'skipped' : 'passed'
    return [`${suite} ${name}`, { state, message: body.trim() }] as const
  })
}
