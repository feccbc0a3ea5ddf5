import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import type { Done } from './execution.ts'
import type { Read } from './read.ts'
import type { Suspicions } from './suspicion.ts'

/** Time between two attempts at a shared address, in milliseconds: doubles from the first to the longest. */
const FIRST_GAP_MS = 2

/** State of a read on its way down its plan. */
export interface Walk {
  readonly read: Read
  readonly callback: Done
  plan: QueryPlan
  index: number
  /** Deadline, set by the first failure. */
  untilMs: number | undefined
  /** Deadline for a server behind a shared address to catch up, and the delay until the next attempt. */
  catchUpUntilMs: number | undefined
  gapMs: number
  /** Number of exhausted plans. */
  rounds: number
  error: Error | undefined
  /** Absent until a replica has failed it with an error that may be the statement's. */
  suspicions: Suspicions | undefined
  /** Whether the primary runs it in place of a replica. */
  isSpilled: boolean
}

/** Creates a walk that starts at the first candidate. */
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
    isSpilled: false,
  }
}

/**
 * Leaves one candidate for a read whose time is over: the primary if it has not been tried, or else the next replica.
 * Returns false if none is left.
 */
export function keepLast(walk: Walk, isFit: (step: PlanStep) => boolean): boolean {
  const left = walk.plan.steps.slice(walk.index).filter(isFit)
  const last = left.find(({ node }) => node.role === 'primary') ?? left[0]
  if (last === undefined) return false
  walk.plan = { ...walk.plan, steps: [last] }
  walk.index = 0
  return true
}
