/**
 * Possible fate of a statement whose error is not the server's answer to it.
 *
 * @example
 * const mayRepeat = (outcome: WriteOutcome | undefined) =>
 *   outcome === 'not-sent' || outcome === 'rolled-back'
 */
export type WriteOutcome =
  /** It was not run. */
  | 'not-sent'
  /** It was part of a transaction that cannot have been committed. */
  | 'rolled-back'
  /** It may or may not have been committed: there was no answer from the server. */
  | 'unknown'

/** Sets the `outcome` of an error, unless it already has one. */
export function withOutcome(error: Error, outcome: WriteOutcome): Error {
  if (!('outcome' in error) && Object.isExtensible(error)) Object.assign(error, { outcome })
  return error
}

/**
 * Returns the outcome of the statement that failed with this error, so that the caller can decide whether to send it
 * again. `undefined` when the error is the server's answer.
 *
 * @example
 * await pool
 *   .query('INSERT INTO payments DEFAULT VALUES')
 *   .catch((error: unknown) => console.log(outcomeOf(error)))
 */
export function outcomeOf(error: unknown): WriteOutcome | undefined {
  const outcome: unknown = error instanceof Error ? Reflect.get(error, 'outcome') : undefined
  return outcome === 'not-sent' || outcome === 'rolled-back' || outcome === 'unknown' ? outcome : undefined
}
