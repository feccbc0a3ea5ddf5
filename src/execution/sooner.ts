import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'

/** Catching up within this time counts as soon, in milliseconds: about as long as two round trips. */
const SOON_MS = 3

/**
 * Returns the step of a plan that takes a read to the primary at once. `undefined` when a replica follows closely: to wait
 * for it takes hardly longer, and relieves the primary.
 */
export function soonerStep(plan: QueryPlan): PlanStep | undefined {
  const { catchingUp = [], steps } = plan
  const isSoon = catchingUp.some(({ lag }) => (lag?.catchUpMs ?? Infinity) < SOON_MS)
  return isSoon ? undefined : steps.find(({ reason }) => reason === 'sooner')
}
