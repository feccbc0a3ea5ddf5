import { isServerError } from './server-error.ts'

/** SQLSTATEs that depend on rows of others: exclusion, foreign keys, unique keys. */
const CODES: ReadonlySet<string> = new Set(['23P01', '23503', '23505'])

/** True for an error that tells what others have committed: whoever hears of a duplicate key looks for its row next. */
export function showsOthers(error: Error): boolean {
  const code: unknown = Reflect.get(error, 'code')
  return isServerError(error) && typeof code === 'string' && CODES.has(code)
}
