/** State that a statement may leave on its connection. It names what pins a client. */
export type SessionState =
  /** A setting. Where `Statement.settings` says which, it can be made on other connections too. */
  | 'setting'
  | 'temporary-object'
  | 'prepared-statement'
  | 'cursor'
  | 'listen'
  | 'advisory-lock'
  | 'library'
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
