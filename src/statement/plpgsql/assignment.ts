import { Scanner } from '../scanner.ts'

/**
 * The two sides of `target := expression`, or of `target = expression`. In brackets the target may have expressions of
 * its own. Undefined for a text that is no assignment.
 */
export function sidesOf(assignment: string): readonly [target: string, expression: string] | undefined {
  const scanner = new Scanner(assignment)
  let depth = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'open') depth += 1
    else if (kind === 'close') depth -= 1
    else if (kind === 'symbol' && depth === 0) {
      const { start } = scanner
      const sign = [':=', '='].find((each) => assignment.startsWith(each, start))
      if (sign !== undefined) return [assignment.slice(0, start), assignment.slice(start + sign.length)]
    }
  }
  return undefined
}
