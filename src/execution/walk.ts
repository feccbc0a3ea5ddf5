import type { QueryPlan } from '../selection/query-plan.ts'
import type { Done } from './execution.ts'
import type { Read } from './read.ts'
import type { Suspicions } from './suspicion.ts'

/** Time between two questions to servers behind an address of several, in milliseconds: doubles from the first to the longest. */
const FIRST_GAP_MS = 2

/** A read on its way down its plan. */
export interface Walk {
  readonly read: Read
  readonly callback: Done
  plan: QueryPlan
  index: number
  /** When to give up; set by the first failure. */
  untilMs: number | undefined
  /** When to give up waiting for a server behind an address of several to catch up, and how long to wait until it is asked again. */
  catchUpUntilMs: number | undefined
  gapMs: number
  /** How many plans have come to their end. */
  rounds: number
  error: Error | undefined
  /** Absent while no replica has failed it with an error that may be its own. */
  suspicions: Suspicions | undefined
}

/** Begins at the first candidate. */
export function startWalk(read: Read, callback: Done): Walk {
  return {
    read,
    callback,
    plan: read.plan,
    index: 0,
    untilMs: undefined,
    catchUpUntilMs: undefined,
    gapMs: FIRST_GAP_MS,
    rounds: 0,
    error: undefined,
    suspicions: undefined,
  }
}
