/**
 * Words that matter to the connection or the session that a text runs on, wherever they stand in it: a string may be run, too.
 */
export type Mention =
  /** A call of `pg_backend_pid`. */
  | 'backend'
  /** A lock or a channel: whoever takes or hears one expects to see what others have committed by then. */
  | 'lock'
  | 'set-config'
  /** The setting `synchronous_commit`, or one whose name is a parameter. */
  | 'synchronous-commit'
  | 'temporary-schema'

/** A schema path in which a table is temporary though nothing says so. */
export const TEMPORARY_PATH: RegExp = /pg_temp/i

const FORMS: readonly (readonly [Mention, RegExp])[] = [
  ['backend', /pg_backend_pid\s*\(/i],
  ['lock', /\badvisory_|_advisory_|\block\b|\bfor\s+(?:no\s+key\s+|key\s+)?(?:update|share)\b|\blisten\b/i],
  ['set-config', /set_config/i],
  ['synchronous-commit', /synchronous_commit|set_config\s*\(\s*\$\d/i],
  ['temporary-schema', TEMPORARY_PATH],
]

/** What a text mentions; `undefined` for nothing, which is most often so. */
export function mentionsIn(sql: string): readonly Mention[] | undefined {
  const found = FORMS.filter(([, form]) => form.test(sql))
  return found.length === 0 ? undefined : found.map(([mention]) => mention)
}
