/** What a statement may leave on its connection. A closed union: what a client is bound by is told with these words. */
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

/** What one of PostgreSQL's own functions leaves that leaves something. */
export function stateLeftByFunction(name: string): SessionState {
  if (name.startsWith('pg_advisory_') || name.startsWith('pg_try_advisory_')) return 'advisory-lock'
  return name === 'setseed' ? 'random-seed' : 'unknown'
}

const NOTHING: readonly SessionState[] = []

/** All that two statements leave, each once. */
export function together(
  first: readonly SessionState[] = NOTHING,
  second: readonly SessionState[] = NOTHING,
): readonly SessionState[] {
  if (second.every((state) => first.includes(state))) return first
  return [...new Set([...first, ...second])]
}
