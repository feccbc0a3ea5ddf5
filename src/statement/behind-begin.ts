import type { Statement, StatementReason } from './statement.ts'

/**
 * Texts that must not follow BEGIN under the same Sync. These are COPY, during which the server ignores a Sync, and the
 * ones that were not understood. The latter may be several statements or COPY.
 */
const APART: ReadonlySet<StatementReason> = new Set<StatementReason>([
  'unparseable',
  'too-large',
  'too-deep',
  'non-standard-strings',
  'parser-loading',
  'unknown-statement',
  'copy-to',
  'copy-from',
  'copy-program',
  'copy-to-file',
])

/** Whether the text of this statement may be sent right behind BEGIN, under the same Sync. */
export function mayFollowBegin({ multiple, reason }: Statement): boolean {
  return !multiple && !APART.has(reason)
}

const FIRST_WORD = /^\s*(begin|start)\b/i

/** Returns the command tag of a text that only begins a transaction; `undefined` for any other text. */
export function tagOfBegin({ multiple, reason }: Statement, text: string): string | undefined {
  if (multiple || reason !== 'begin') return undefined
  const [, word] = FIRST_WORD.exec(text) ?? []
  if (word === undefined) return undefined
  return word.toLowerCase() === 'begin' ? 'BEGIN' : 'START TRANSACTION'
}

/** Begins the next transaction at once. */
const CHAIN = /\bchain\b/i

/** Returns the command tag of a text that only ends a transaction; `undefined` for any other text. */
export function tagOfEnd({ multiple, reason }: Statement, text: string): 'COMMIT' | 'ROLLBACK' | undefined {
  if (multiple || CHAIN.test(text)) return undefined
  if (reason === 'commit') return 'COMMIT'
  return reason === 'rollback' ? 'ROLLBACK' : undefined
}
