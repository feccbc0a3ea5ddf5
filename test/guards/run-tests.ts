import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { escapePattern, type TestSelection } from './guard.ts'

/** Longest time of one run, in milliseconds: with all tests, and with those of one guard. */
const LONGEST_MS = 900_000
const LONGEST_OF_GUARD_MS = 180_000

/** Result of one test. */
export interface TestResult {
  /** Path relative to the root of the copy. */
  readonly file: string
  readonly name: string
  readonly passed: boolean
  /** Message of the first failure. */
  readonly message: string
}

/** Results of one run, or the reason why there are none. */
export type TestRun =
  | { readonly ended: true; readonly results: readonly TestResult[] }
  | { readonly ended: false; readonly reason: string }

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** Runs the selected tests in a copy of the repository. A test that fails runs once more, so that chance alone rarely fails it. */
export async function runTests(
  root: string,
  selections: readonly TestSelection[],
  { bails }: { readonly bails: boolean },
): Promise<TestRun> {
  const report = join(root, 'report.json')
  rmSync(report, { force: true })
  const files = [...new Set(selections.map(({ file }) => file))]
  const names = selections.map(({ name }) => name)
  const isNamed = names.every((name) => name !== undefined)
  const pattern = isNamed ? ['-t', names.map((name) => escapePattern(name)).join('|')] : []
  const bail = bails ? ['--bail=1'] : []
  const options = ['--project=library', '--retry=1', '--max-workers=1', '--reporter=json', ...bail]
  const output = await vitest(
    root,
    [...files, ...pattern, ...options, `--outputFile=${report}`],
    bails ? LONGEST_OF_GUARD_MS : LONGEST_MS,
  )
  if (!existsSync(report)) return { ended: false, reason: output }
  return { ended: true, results: resultsIn(JSON.parse(readFileSync(report, 'utf8')) as Report, root) }
}

function resultsIn({ testResults }: Report, root: string): readonly TestResult[] {
  return testResults.flatMap(({ assertionResults, message, name: path }): readonly TestResult[] => {
    const file = relative(root, path)
    const ran = assertionResults.filter(({ status }) => status === 'passed' || status === 'failed')
    // The file could not be loaded.
    if (assertionResults.length === 0) return [{ file, name: '', passed: false, message }]
    return ran.map(({ failureMessages, fullName, status }) => ({
      file,
      name: fullName,
      passed: status === 'passed',
      message: failureMessages[0] ?? '',
    }))
  })
}

/** Runs vitest in a process group of its own. Resolves with the end of its output. */
function vitest(root: string, options: readonly string[], longestMs: number): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV$|TEST)/.test(name))
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...options], {
    cwd: root,
    detached: true,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-2000)
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      output += `\nno end within ${longestMs / 1000} s`
      kill()
    }, longestMs)
    process.once('exit', kill)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      process.removeListener('exit', kill)
      resolve(output)
    })
  })
}
