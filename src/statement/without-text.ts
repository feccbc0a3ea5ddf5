import { EVERYTHING } from '../catalog/footprint.ts'
import type { Statement } from './statement.ts'

/** The verdict on a statement without a known text: a prepared statement run by its name, a cursor, a stream. */
export const WITHOUT_TEXT: Statement = {
  kind: 'write',
  reason: 'unknown-statement',
  mayWrite: true,
  leavesSessionState: true,
  leaves: ['unknown'],
  footprint: EVERYTHING,
  multiple: false,
}
