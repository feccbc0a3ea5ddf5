import { planOf } from './generate.ts'
import { loadLibraries } from './library.ts'
import { runPlan } from './run.ts'
import { install, VirtualTime } from './virtual-time.ts'
import type { Violation } from './auditor.ts'

/** The schedules that one thread runs: every `step`-th seed. */
export interface Share {
  readonly directory: string
  readonly from: number
  readonly until: number
  readonly step: number
}

/** What a thread tells of one schedule. */
export interface Ran {
  readonly seed: number
  readonly digest: string
  readonly operations: number
  readonly failures: number
  readonly faults: number
  readonly violations: readonly Violation[]
}

/** Runs a share of the schedules. A copy of the library that has failed is not used again. */
export async function runShare(
  { directory, from, step, until }: Share,
  ran: (told: Ran) => void,
): Promise<void> {
  const time = new VirtualTime()
  install(time)
  let libraries = await loadLibraries(directory)
  for (let seed = from; seed < until; seed += step) {
    const plan = planOf(String(seed))
    const { digest, failures, operations, violations } = await runPlan(plan, { libraries, time })
    if (violations.length > 0) libraries = await loadLibraries(directory)
    ran({ seed, digest, operations, failures, faults: plan.faults.length, violations })
  }
}
