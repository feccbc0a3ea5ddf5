/** Words that matter to the connection or session of a text, anywhere in it: strings may be run too. */
export type Mention =
  /** A call of `pg_backend_pid`. */
  | 'backend'
  /** A lock or a channel. After taking or receiving one, a program expects to see everything committed before. */
  | 'lock'
  | 'set-config'
  /** The setting `synchronous_commit`, or one whose name is a parameter. */
  | 'synchronous-commit'
  | 'temporary-schema'

/** A search_path in which new tables are temporary without the key word. */
export const TEMPORARY_PATH: RegExp = /pg_temp/i

const FORMS: readonly (readonly [Mention, RegExp])[] = [
  ['backend', /pg_backend_pid\s*\(/i],
  ['lock', /\badvisory_|_advisory_|\block\b|\bfor\s+(?:no\s+key\s+|key\s+)?(?:update|share)\b|\blisten\b/i],
  ['set-config', /set_config/i],
  ['synchronous-commit', /synchronous_commit|set_config\s*\(\s*\$\d/i],
  ['temporary-schema', TEMPORARY_PATH],
]

/** Returns the mentions in a text; `undefined` for none, the most common case. */
export function mentionsIn(sql: string): readonly Mention[] | undefined {
  const found = FORMS.filter(([, form]) => form.test(sql))
  return found.length === 0 ? undefined : found.map(([mention]) => mention)
}
