import { failsWhole } from '../statement/fails-whole.ts'
import type { Statement } from '../statement/statement.ts'
import { outcomeOf } from '../errors/outcome.ts'
import { isServerError } from '../platform/server-error.ts'

/** True when a statement outside of a transaction that failed with this error is known to have done nothing at all. */
export function hasLeftNothing(error: Error, statement: Statement): boolean {
  const outcome = outcomeOf(error)
  if (outcome !== undefined) return outcome === 'not-sent'
  // An error of the server is about the whole statement, unless that commits on its way.
  return isServerError(error) && failsWhole(statement)
}
