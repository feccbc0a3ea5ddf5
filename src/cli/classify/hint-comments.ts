import { hintOf } from '../../statement/hint.ts'
import { Scanner } from '../../statement/scanner.ts'

/** Whether a comment looks like a route hint but is not a valid one. */
export function hasMisspeltHint(sql: string): boolean {
  const scanner = new Scanner(sql)
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind !== 'block-comment' && kind !== 'line-comment') continue
    const { text } = scanner
    if (/^(?:\/\*|--)[\s+!]*route\s*[:=]/i.test(text) && hintOf(text) === undefined) return true
  }
  return false
}
