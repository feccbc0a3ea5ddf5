import type { Guard, TestSelection } from './guard.ts'
import { runTests, type TestResult, type TestRun } from './run-tests.ts'
import { SourceCopy } from './source-copy.ts'

/** Finding about one guard. */
export interface Finding {
  readonly guard: Guard
  readonly isNoticed: boolean
  /** Test that noticed it with its failure; else the reason why none counts. */
  readonly by: string
  readonly elapsedMs: number
}

/** Results of the tests with all guards in place, by `keyOf`. */
type Untouched = ReadonlyMap<string, TestResult>

/** Number of copies in which guards are removed at the same time. */
const COPIES = 2

/**
 * Removes each guard from a copy of the source and runs its tests. They must pass in an untouched copy first.
 */
export async function proveGuards(
  root: string,
  guards: readonly Guard[],
  found: (finding: Finding) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const copies = Array.from({ length: COPIES }, () => new SourceCopy(root))
  try {
    const untouched = await runUntouched(copies, guards)
    const waiting = [...guards]
    const work = async (copy: SourceCopy): Promise<void> => {
      for (let guard = waiting.shift(); guard !== undefined; guard = waiting.shift()) {
        const finding = await proveGuard(copy, guard, untouched)
        findings.push(finding)
        found(finding)
      }
    }
    await Promise.all(copies.map(work))
  } finally {
    for (const copy of copies) copy[Symbol.dispose]()
  }
  return findings
}

/** Runs all tests in an untouched copy. */
async function runUntouched(copies: readonly SourceCopy[], guards: readonly Guard[]): Promise<Untouched> {
  const selections = guards.flatMap(({ tests }) => tests)
  // A name would also select among the files that are to run as a whole.
  const parts = [
    selections.filter(({ name }) => name === undefined),
    selections.filter(({ name }) => name !== undefined),
  ].filter((part) => part.length > 0)
  const runs = await Promise.all(parts.map((part, i) => runTests(copies[i]!.root, part, { bails: false })))
  return new Map(runs.flatMap(resultsOf).map((result) => [keyOf(result), result]))
}

/** Returns why the tests of a guard prove nothing: one fails with the guard in place, or is not there. */
function obstacleOf({ tests }: Guard, untouched: Untouched): string | undefined {
  for (const selection of tests) {
    const selected = [...untouched.values()].filter((result) => isSelected(result, selection))
    if (selected.length === 0) return `no such test: ${JSON.stringify(selection)}`
    const failed = selected.find(({ passed }) => !passed)
    if (failed !== undefined) return `fails with the guard in place: ${describe(failed)}`
  }
  return undefined
}

async function proveGuard(copy: SourceCopy, guard: Guard, untouched: Untouched): Promise<Finding> {
  const obstacle = obstacleOf(guard, untouched)
  if (obstacle !== undefined) return { guard, isNoticed: false, by: obstacle, elapsedMs: 0 }
  const startedAtMs = performance.now()
  using _removed = copy.without(guard)
  const run = await runTests(copy.root, guard.tests, { bails: true })
  const elapsedMs = performance.now() - startedAtMs
  if (!run.ended) return { guard, isNoticed: false, by: `no result: ${run.reason}`, elapsedMs }
  const failures = run.results.filter(({ passed }) => !passed)
  const noticed = failures.find(
    (failure) => untouched.get(keyOf(failure))?.passed === true && countsFor(guard, failure),
  )
  const [failure] = failures
  const otherwise = failure === undefined ? 'all tests pass' : `not an expected failure: ${describe(failure)}`
  const by = noticed === undefined ? otherwise : describe(noticed)
  return { guard, isNoticed: noticed !== undefined, by, elapsedMs }
}

/** Messages of failed assertions: those of `expect`, and of its `rejects` and `resolves`. */
const ASSERTION = /^(?:AssertionError|Error: (?:expected|promise (?:resolved|rejected)) )/

/** Whether a failure shows the broken promise, rather than a test that could not run. */
function countsFor({ shows }: Guard, { message }: TestResult): boolean {
  return shows === undefined ? ASSERTION.test(message) : message.includes(shows)
}

function resultsOf(run: TestRun): readonly TestResult[] {
  if (!run.ended) throw new Error(`The tests did not run in an untouched copy: ${run.reason}`)
  return run.results
}

function isSelected(result: TestResult, { file, name }: TestSelection): boolean {
  return result.file === file && (name === undefined || result.name.includes(name))
}

function keyOf({ file, name }: TestResult): string {
  return `${file} > ${name}`
}

function describe(result: TestResult): string {
  const [first = ''] = result.message.split('\n')
  return `${keyOf(result)}: ${first.slice(0, 160)}`
}
