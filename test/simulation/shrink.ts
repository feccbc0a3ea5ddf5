import type { Actor, Plan } from './plan.ts'

/** Returns whether a plan still breaks the promise. */
export type Breaks = (plan: Plan) => Promise<boolean>

/**
 * Takes away callers, faults and operations as long as the rest breaks the same promise.
 * @param most Number of schedules to run at most.
 */
export async function shrink(plan: Plan, breaks: Breaks, most = 250): Promise<Plan> {
  let left = most
  let best = plan
  const holds = async (smaller: Plan): Promise<boolean> => {
    if (left <= 0) return false
    left -= 1
    if (!(await breaks(smaller))) return false
    best = smaller
    return true
  }
  await without(
    () => best.faults,
    (faults) => holds({ ...best, faults }),
  )
  await without(
    () => best.actors,
    (actors) => holds({ ...best, actors }),
  )
  for (const { name } of best.actors) {
    const ofActor = (): Actor => best.actors.find((each) => each.name === name) as Actor
    await without(
      () => ofActor().operations,
      (operations) => {
        const actors = best.actors.map((each) => (each.name === name ? { ...each, operations } : each))
        return holds({ ...best, actors })
      },
    )
  }
  return best
}

/** Tries to take away parts of a list: halves first, single elements at last. */
async function without<T>(
  list: () => readonly T[],
  holds: (fewer: readonly T[]) => Promise<boolean>,
): Promise<void> {
  for (let size = Math.ceil(list().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < list().length;) {
      const fewer = list().toSpliced(from, size)
      if (!(await holds(fewer))) from += size
    }
  }
}
