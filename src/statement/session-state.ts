/**
 * State that a statement may leave on its connection. It names what pins a client.
 *
 * @example
 * const states: readonly SessionState[] = (await classify('LISTEN jobs')).leaves ?? []
 */
export type SessionState =
  /** A setting. Where `Statement.settings` says which, it can be made on other connections too. */
  | 'setting'
  /** A temporary table or another temporary object. */
  | 'temporary-object'
  /** A statement of PREPARE. */
  | 'prepared-statement'
  /** An open cursor. */
  | 'cursor'
  /** A channel of LISTEN. */
  | 'listen'
  /** An advisory lock of the session. */
  | 'advisory-lock'
  /** A library of LOAD. */
  | 'library'
  /** A seed of `setseed()`. */
  | 'random-seed'
  /** A function, procedure or text that could not be looked into may have left anything. */
  | 'unknown'

/** Returns the state that a built-in function leaves, for functions that leave state. */
export function stateLeftByFunction(name: string): SessionState {
  if (name.startsWith('pg_advisory_') || name.startsWith('pg_try_advisory_')) return 'advisory-lock'
  return name === 'setseed' ? 'random-seed' : 'unknown'
}

const NOTHING: readonly SessionState[] = []

/** Merges the states that two statements leave. */
export function together(
  first: readonly SessionState[] = NOTHING,
  second: readonly SessionState[] = NOTHING,
): readonly SessionState[] {
  if (second.every((state) => first.includes(state))) return first
  return [...new Set([...first, ...second])]
}
