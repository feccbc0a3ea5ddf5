import { failsWhole } from '../statement/fails-whole.ts'
import type { Statement } from '../statement/statement.ts'
import { outcomeOf } from '../errors/outcome.ts'
import { isServerError } from '../platform/server-error.ts'

/** Whether a statement outside of a transaction that failed with this error certainly has had no effect. */
export function hasLeftNothing(error: Error, statement: Statement): boolean {
  const outcome = outcomeOf(error)
  if (outcome !== undefined) return outcome === 'not-sent'
  // An error of the server rolls back the whole statement, unless that may commit in between.
  return isServerError(error) && failsWhole(statement)
}
