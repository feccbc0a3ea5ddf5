import { BLOCKS, isQuoted, masked } from '../masked.mjs'

/** Reports words of the house dictionary, with what to write instead. */
export function plainWords({ RuleError, report, locator }, { words }) {
  const check = (node) => {
    if (isQuoted(node)) return
    const text = masked(node)
    for (const { pattern, instead } of words) {
      for (const { 0: found, index } of text.matchAll(pattern)) {
        const message = `"${found.trim()}": write ${instead}`
        report(node, new RuleError(message, { padding: locator.range([index, index + found.length]) }))
      }
    }
  }
  return Object.fromEntries(BLOCKS.map((block) => [block, check]))
}
