import { Scanner } from './scanner.ts'

export type Hint = 'primary' | 'replica'

const wanted = /^\/\*\s*route:\s*(primary|replica)\s*\*\/$/i

/**
 * Returns the route that a comment such as `/* route: primary *\/` asks for, anywhere between the tokens of the text.
 * Of contradicting comments the one for the primary wins.
 */
export function hintOf(sql: string): Hint | undefined {
  if (!/route:/i.test(sql)) return undefined
  const scanner = new Scanner(sql)
  let hint: Hint | undefined
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind !== 'block-comment') continue
    const word = wanted.exec(scanner.text)?.[1]?.toLowerCase()
    if (word === 'primary') return 'primary'
    if (word === 'replica') hint = 'replica'
  }
  return hint
}
