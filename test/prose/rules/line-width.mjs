/**
 * Reports lines of more than `max` characters. Tables, code, headings, and lines that a link makes long are exempt.
 * @param indent characters that stand before a line in the file and are not part of the text
 */
export function lineWidth({ RuleError, report, locator, getSource }, { max, indent = () => 0 }) {
  const check = (node) => {
    let start = node.range[0] - node.loc.start.column
    const lines = getSource().slice(start, node.range[1]).split('\n')
    lines.forEach((text, index) => {
      const width = text.length + indent(node.loc.start.line + index)
      if (width > max && !endsInLink(text, max)) {
        const at = Math.max(0, start - node.range[0])
        report(
          node,
          new RuleError(`A line of ${width} characters, at most ${max}`, { padding: locator.at(at) }),
        )
      }
      start += text.length + 1
    })
  }
  return { Paragraph: check }
}

/** Whether the line cannot be broken before its end: the last thing that fits is a link or an address. */
function endsInLink(text, max) {
  const links = /!?\[[^\]]*\]\([^)]*\)|<?https?:\/\/\S+/g
  return [...text.matchAll(links)].some(({ 0: link, index }) => index + link.length > max && index < max)
}
