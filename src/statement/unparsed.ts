import { EVERYTHING } from '../catalog/footprint.ts'
import { hintOf } from './hint.ts'
import { mentionsIn } from './mentions.ts'
import type { Statement } from './statement.ts'

/** The verdict on a text that runs before the parser is loaded. */
export const UNPARSED: Statement = Object.freeze<Statement>({
  kind: 'write',
  reason: 'parser-loading',
  mayWrite: true,
  leavesSessionState: true,
  leaves: ['unknown'],
  footprint: EVERYTHING,
  multiple: false,
})

const READS = /^\s*(?:select|values|table|with)\b/i
const WRITES = /^\s*(?:insert|update|delete)\b/i
/** SELECT INTO, which creates a table. */
const INTO = /\binto\b/i
/** A separator of statements. Inside a string it is none, but that cannot be told without the parser. */
const SEPARATOR = /;(?!\s*$)/

/**
 * Whether a text may run on the primary as a write before it has been parsed. By its words alone it must be one
 * statement that reads or changes rows. It must not control transactions, change settings or ask for a route.
 */
export function mayRunUnparsed(sql: string): boolean {
  const isPlain = WRITES.test(sql) || (READS.test(sql) && !INTO.test(sql))
  return isPlain && !SEPARATOR.test(sql) && mentionsIn(sql) === undefined && hintOf(sql) === undefined
}
