import { DatabaseError } from 'pg'
import { failsWhole } from '../statement/fails-whole.ts'
import type { Statement } from '../statement/statement.ts'
import { outcomeOf } from './outcome.ts'

/** Whether a statement that failed with this error has certainly written nothing. An error of the server is about the whole statement, unless that commits on its way. */
export function hasLeftNothing(error: Error, statement: Statement): boolean {
  const outcome = outcomeOf(error)
  if (outcome !== undefined) return outcome === 'not-sent'
  return error instanceof DatabaseError && failsWhole(statement)
}
