import { ProvingGround } from '../proofs/proving-ground.ts'
import type { ForeignScript } from './extract/script.ts'
import type { Omission } from './left-out.ts'
import type { Project } from './projects.ts'
import { Runner, type Row } from './run.ts'
import { SETTINGS } from './settings.ts'

export interface Outcome {
  readonly rows: readonly Row[]
  readonly omitted: ReadonlyMap<Omission, number>
}

const REPORT_EVERY_MS = 30_000

/** Runs the scripts of a project on several pairs of servers at once; each pair runs what all scripts need. */
export async function runAll(
  { name, first = [] }: Project,
  scripts: readonly ForeignScript[],
  jobs: number,
): Promise<Outcome> {
  const isShared = ({ file }: ForeignScript): boolean => first.some((end) => file.endsWith(end))
  const [shared, others] = [scripts.filter(isShared), scripts.filter((script) => !isShared(script))]
  const rows: Row[] = []
  const omitted = new Map<Omission, number>()
  let reportAt = performance.now() + REPORT_EVERY_MS
  const count = (row: Row): void => {
    rows.push(row)
    if (performance.now() < reportAt) return
    reportAt = performance.now() + REPORT_EVERY_MS
    console.log(`${name}: ${rows.length} statements, at ${row.file}`)
  }
  const work = async (_: unknown, job: number): Promise<void> => {
    let pair = await open()
    for (const script of shared) await pair.runner.run(script, true, job === 0 ? count : () => {})
    for (let script = others.shift(); script !== undefined; script = others.shift()) {
      try {
        await pair.runner.run(script, false, count)
      } catch (error) {
        // A script may take the password from the tests' role, or end the server.
        console.error(`${name}: new servers after ${script.file}: ${String(error)}`)
        await close(pair, omitted)
        pair = await open()
        for (const one of shared) await pair.runner.run(one, true, () => {})
      }
    }
    await close(pair, omitted)
  }
  await Promise.all(Array.from({ length: Math.min(jobs, Math.max(others.length, 1)) }, work))
  return { rows, omitted }
}

interface Pair {
  readonly ground: ProvingGround
  readonly runner: Runner
}

async function open(): Promise<Pair> {
  const ground = await ProvingGround.open(SETTINGS)
  return { ground, runner: await Runner.open(ground) }
}

async function close({ ground, runner }: Pair, omitted: Map<Omission, number>): Promise<void> {
  for (const [reason, number] of runner.omitted) omitted.set(reason, (omitted.get(reason) ?? 0) + number)
  await runner.close().catch(() => {})
  await ground.close()
}
