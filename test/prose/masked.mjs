/** Blocks of running text: each is checked as a whole. */
export const BLOCKS = ['Paragraph', 'Header', 'TableCell']

/** Whether a block is part of a quotation, such as a licence: those are the words of others. */
export function isQuoted(node) {
  for (let at = node; at !== undefined && at !== null; at = at.parent)
    if (at.type === 'BlockQuote') return true
  return false
}

const blank = (text) => text.replaceAll(/[^\n]/g, ' ')

/**
 * Text of a block without markup, with each character at its place: inline code becomes one word, and what a reader
 * does not read (addresses of links, HTML, `{@link}` braces) becomes spaces.
 */
export function masked(node) {
  const text = node.raw.split('')
  const put = (range, value) => {
    for (let at = 0; at < value.length; at++) text[range[0] - node.range[0] + at] = value[at]
  }
  const visit = (child) => {
    if (child.type === 'Code') put(child.range, child.raw.replaceAll(/[^\n]/g, 'x'))
    else if (child.type === 'Html' || child.type === 'Image') put(child.range, blank(child.raw))
    else if (child.type === 'Link') {
      const label = child.children.at(-1)
      put(child.range, blank(child.raw))
      if (label !== undefined) {
        const start = child.children[0].range[0]
        put([start], node.raw.slice(start - node.range[0], label.range[1] - node.range[0]))
      }
      child.children.forEach(visit)
    } else child.children?.forEach(visit)
  }
  node.children?.forEach(visit)
  return text
    .join('')
    .replaceAll(/\{@\w+\s+[^}]*\}/g, (tag) => tag.replaceAll(/[^\n]/g, 'x'))
    .replaceAll(/[*_~]/g, ' ')
}
