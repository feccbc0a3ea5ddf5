import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface BenchRun {
  /** What it wrote as JSON. */
  readonly result: Record<string, unknown>
  /** A file that it wrote beside that. */
  readonly file: (name: string) => string
}

/** Runs a benchmark in this process, as its command does, with results in a directory that is gone behind `use`. */
export async function runBench(
  name: string,
  args: readonly string[],
  use: (run: BenchRun) => void,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-switchyard-bench-'))
  const { argv } = process
  const out = join(directory, `${name}.json`)
  process.argv = [...argv.slice(0, 2), ...args, '--out', out]
  try {
    await import(`../../bench/${name}/main.ts`)
    const result = JSON.parse(readFileSync(out, 'utf8')) as Record<string, unknown>
    use({ result, file: (each) => readFileSync(join(directory, each), 'utf8') })
  } finally {
    process.argv = argv
    rmSync(directory, { recursive: true, force: true })
  }
}
