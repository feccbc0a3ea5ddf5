/** What is known of a statement that ended with an error which is not its own. */
export type WriteOutcome =
  /** No server has run it. */
  | 'not-sent'
  /** It was part of a transaction that cannot have been committed. */
  | 'rolled-back'
  /** It may have been committed, or not: the server did not get to say. */
  | 'unknown'

/** Notes on an error what is known of the statement. What was noted first stays. */
export function withOutcome(error: Error, outcome: WriteOutcome): Error {
  if (!('outcome' in error) && Object.isExtensible(error)) Object.assign(error, { outcome })
  return error
}

/**
 * What is known of the statement that failed with this error, as far as it may have written: whether to send it again is
 * for the caller to decide. `undefined` where the server has answered: then its error says it all.
 */
export function outcomeOf(error: unknown): WriteOutcome | undefined {
  const outcome: unknown = error instanceof Error ? Reflect.get(error, 'outcome') : undefined
  return outcome === 'not-sent' || outcome === 'rolled-back' || outcome === 'unknown' ? outcome : undefined
}
