import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import type { ReadFollower } from './read.ts'

/** Catching up within this time counts as soon, in milliseconds: about as long as two round trips. */
const SOON_MS = 3

/**
 * Returns the step of a plan that takes a read to the primary at once, if that is quicker than to wait for the replicas.
 *
 * A monotonic session pays for the primary: there it has to be shown what the session has seen, and what it sees
 * raises its floor. So it waits for a replica that follows closely.
 */
export function soonerStep(plan: QueryPlan, follower: ReadFollower | undefined): PlanStep | undefined {
  const { catchingUp = [], steps } = plan
  const isSoon = catchingUp.some(({ lag }) => (lag?.catchUpMs ?? Infinity) < SOON_MS)
  if (follower?.isMonotonic === true && isSoon) return undefined
  return steps.find(({ reason }) => reason === 'sooner')
}
