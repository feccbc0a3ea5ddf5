/** String literals, and numbers, placeholders included. */
const LITERALS = /'(?:[^']|'')*'|\$?\b\d+(?:\.\d+)?\b/g
const LISTS = /\?(?:\s*,\s*\?)+/g

/**
 * What a text looks like without its literals, a list of them being taken for one. Only figures are kept under it, nothing is
 * proven by it: so it need not know all of the grammar, and takes less than parsing does.
 */
export function shapeKey(text: string): string {
  return text.replace(LITERALS, '?').replace(LISTS, '?')
}
