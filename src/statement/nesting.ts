import { Scanner } from './scanner.ts'

/** Words after which the next part of an expression does not lie deeper than the part before. */
const restarts = /^(?:and|or|when|then|else|join|union|intersect|except)$/i
/** Words of which each may put what stands before it one level deeper. */
const deepens = /^(?:case|join)$/i
const combines = /^(?:union|intersect|except)$/i

/**
 * An upper bound, by tokens alone, of how deeply the parts of a text lie in each other. Parsers walk a tree by
 * recursion, so a text such as `1+1+1+…` can exhaust the stack although it is short. A list of any length is not deep.
 *
 * Stops counting beyond `limit`.
 */
export function nestingOf(sql: string, limit: number): number {
  const scanner = new Scanner(sql)
  const outer: number[] = []
  let outerDepth = 0
  // Depth at this level of brackets: within the current part, from joins and cases of the item, from UNIONs.
  let part = 0
  let item = 0
  let level = 0
  let deepest = 0
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'open') {
      const here = part + item + level + 1
      outer.push(part, item, level)
      outerDepth += here
      part = item = level = 0
    } else if (kind === 'close') {
      level = outer.pop() ?? 0
      item = outer.pop() ?? 0
      part = outer.pop() ?? 0
      outerDepth = Math.max(0, outerDepth - (part + item + level + 1))
    } else if (kind === 'comma' || kind === 'semicolon') {
      part = item = 0
      if (kind === 'semicolon') level = 0
    } else if (kind === 'word') {
      const { start, end } = scanner
      if (end - start > 9) part++
      else {
        const word = scanner.text
        if (restarts.test(word)) part = 0
        else part++
        if (deepens.test(word)) item++
        else if (combines.test(word)) level++
      }
    } else if (kind === 'symbol') part++
    deepest = Math.max(deepest, outerDepth + part + item + level)
    if (deepest > limit) break
  }
  return deepest
}

const OPENS_COMMENT = '/*'

/**
 * True for a run of operator characters that opens more than `limit` comments. PostgreSQL's lexer looks at the rest of
 * such a run again for each of them. So `/**\//**\//**\/…` costs quadratic time, in the parser and in the server.
 */
export function hasCommentRun(sql: string, limit: number): boolean {
  let opened = 0
  for (let at = sql.indexOf(OPENS_COMMENT); at !== -1; at = sql.indexOf(OPENS_COMMENT, at + 2)) opened++
  if (opened <= limit) return false
  const runs = sql.match(/[~!@#^&|`?+\-*/%<>=]{9,}/g) ?? []
  return runs.some((run) => run.split(OPENS_COMMENT).length - 1 > limit)
}
