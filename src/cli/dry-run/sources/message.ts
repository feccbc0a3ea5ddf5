/** Message of PostgreSQL's log about statements. */
export type LogMessage =
  | { readonly kind: 'statement'; readonly sql: string; readonly ms?: number }
  /** The duration of the statement that the session logged before. */
  | { readonly kind: 'duration'; readonly ms: number }
  | { readonly kind: 'disconnection' }

const STATEMENT = /^(?:duration: (\d+(?:\.\d+)?) ms {2})?(?:statement|execute ([^:\n]*)): ([\s\S]*)$/
const DURATION = /^duration: (\d+(?:\.\d+)?) ms$/

/** Reads a message of level LOG. Undefined for all that is no statement: planning steps, checkpoints and so on. */
export function messageIn(text: string): LogMessage | undefined {
  const [, duration, name, sql] = STATEMENT.exec(text) ?? []
  if (sql !== undefined) {
    // More rows of a statement that was logged before.
    if (name?.startsWith('fetch from ') === true) return undefined
    return { kind: 'statement', sql, ...(duration !== undefined && { ms: Number(duration) }) }
  }
  const [, ms] = DURATION.exec(text) ?? []
  if (ms !== undefined) return { kind: 'duration', ms: Number(ms) }
  return text.startsWith('disconnection: ') ? { kind: 'disconnection' } : undefined
}
