import { EVERYTHING } from '../catalog/footprint.ts'
import type { Statement } from './statement.ts'

/** What stands for a text that there is not: a prepared statement run by its name, a cursor, a stream. */
export const WITHOUT_TEXT: Statement = {
  kind: 'write',
  reason: 'unknown-statement',
  mayWrite: true,
  leavesSessionState: true,
  leaves: ['unknown'],
  footprint: EVERYTHING,
  multiple: false,
}
