import { masked } from '../masked.mjs'

/** Question words that begin a noun clause, as in "What a node is told". A question with its mark is fine. */
const RIDDLE = /^\s*(?:What|Who|Whose|Whom|Whatever|Whoever|Whomever|That which)\b(?!.*\?\s*$)/is

/**
 * Reports titles that begin with a question word and are no question: a title names a thing or an action.
 * @param isTitle says whether the paragraph that begins at a line is a title, too, such as the name of a test
 */
export function noRiddles({ RuleError, report, locator }, { isTitle = () => false }) {
  const check = (node) => {
    const found = RIDDLE.exec(masked(node).replace(/^#+/, (marks) => ' '.repeat(marks.length)))
    if (found === null) return
    const message = `A title that begins with "${found[0].trim()}": begin with a noun or a verb`
    report(node, new RuleError(message, { padding: locator.at(0) }))
  }
  return {
    Header: check,
    Paragraph: (node) => {
      if (isTitle(node.loc.start.line)) check(node)
    },
  }
}
