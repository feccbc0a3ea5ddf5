import type { ConsistencyFigures } from './run.ts'

/** What is wrong with a run in which nothing may be stale; empty when nothing is. */
export function shortcomings(figures: ConsistencyFigures): readonly string[] {
  const { boundReads, offThePrimary, outcomes, operations, total } = figures
  const wrong: string[] = []
  if (total > 0) wrong.push(`${total} operations broke a rule`)
  // A run in which little was answered, or little could go wrong, proves little.
  if (outcomes.answered < 0.95 * operations) wrong.push(`${outcomes.answered} of ${operations} were answered`)
  if (boundReads < 0.2 * operations) wrong.push(`only ${boundReads} reads could have been stale`)
  if (offThePrimary < 0.3) wrong.push(`only ${offThePrimary} of the reads left the primary`)
  return wrong
}

/** What is wrong with a run without floors, in which the checker has to find what there is. */
export function blindness({ violations }: ConsistencyFigures): readonly string[] {
  const rules = ['read-your-writes', 'monotonic-reads', 'monotonic-writes', 'writes-follow-reads'] as const
  return rules.filter((rule) => violations[rule] === 0).map((rule) => `found nothing that broke ${rule}`)
}
