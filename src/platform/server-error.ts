import { DatabaseError } from './pg.ts'

/**
 * Whether an error came from the server (`DatabaseError`). An application may have two copies of node-postgres, each
 * with its own class.
 */
export function isServerError(error: unknown): error is Error {
  if (error instanceof DatabaseError) return true
  if (!(error instanceof Error)) return false
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown }
  return typeof code === 'string' && typeof severity === 'string'
}
