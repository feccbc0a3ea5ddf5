import { DatabaseError } from './pg.ts'

/**
 * True for an answer of the server (`DatabaseError`), whichever copy of node-postgres has read it: an application may have
 * two, each with a class of its own.
 */
export function isServerError(error: unknown): error is Error {
  if (error instanceof DatabaseError) return true
  if (!(error instanceof Error)) return false
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  return typeof code === 'string' && typeof severity === 'string'
}
