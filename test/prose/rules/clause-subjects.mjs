import { BLOCKS, isQuoted, masked } from '../masked.mjs'
import { sentencesOf } from './sentence-length.mjs'

/** Beginnings of sentences whose subject is a clause. The dictionary has "whoever". */
const CLAUSE = /(?:^|[:;]\s+)["(]*(?:What|Whatever)\b/g

/**
 * Reports sentences whose subject is a clause, as in "What was prepared may be anything". Questions, texts of links and
 * labels of tables are fine. The beginning of a title is left to `no-riddles`.
 * @param isTitle says whether the paragraph that begins at a line is a title
 */
export function clauseSubjects({ RuleError, report, locator }, { isTitle = () => false }) {
  const check = (node) => {
    if (isQuoted(node)) return
    const text = masked(node)
    const isHeading = node.type === 'Header' || isTitle(node.loc.start.line)
    for (const { text: sentence, start } of sentencesOf(text)) {
      const indent = sentence.search(/[^\s|]/)
      if (indent < 0 || sentence.endsWith('?')) continue
      for (const { 0: found, index } of sentence.slice(indent).matchAll(CLAUSE)) {
        const at = start + indent + index + found.search(/W/)
        const isFirst =
          text
            .slice(0, at)
            .replace(/^[#|]+/, '')
            .trim() === ''
        const isLabel = isFirst && (isHeading || (node.type === 'TableCell' && !sentence.endsWith('.')))
        if (isLabel || isInLink(node, node.range[0] + at)) continue
        const beginning = text.slice(at).trim().split(/\s+/).slice(0, 5).join(' ')
        const message = `A clause as the subject: "${beginning} …": name the thing that is meant`
        report(node, new RuleError(message, { padding: locator.at(at) }))
      }
    }
  }
  return Object.fromEntries(BLOCKS.map((block) => [block, check]))
}

/** Whether a position is in the text of a link. */
function isInLink(node, at) {
  const children = node.children ?? []
  return children.some(
    (child) => child.range[0] <= at && at < child.range[1] && (child.type === 'Link' || isInLink(child, at)),
  )
}
