/** What may stand before the name: white space, list and table marks, code marks, tree lines. */
const entry = /^[\s>|*+`│├└─-]*(?:src\/)?([a-z][a-z-]*)\/(?![\w.{[]|\*[^*])/gmu

/**
 * The folders that a Markdown text lists: names with a slash, with or without `src/`, at the start of a line, a list
 * item, a table row or a line of a tree. Names in running text do not count.
 */
export function listedFolders(markdown: string, others: readonly string[]): readonly string[] {
  const names = [...markdown.matchAll(entry)].map((match) => match[1] ?? '')
  return [...new Set(names)].filter((name) => !others.includes(name)).toSorted()
}

/** Rows of a table that give a folder a number: `| name/ | 3 | … |`. */
const numbered = /^\|[ `*]*(?:src\/)?([a-z][a-z-]*)\/[ `*]*\|[ `*]*(\d+)[ `*]*\|/gm

/** The ranks that a Markdown table gives to folders. */
export function listedRanks(markdown: string): ReadonlyMap<string, number> {
  return new Map([...markdown.matchAll(numbered)].map((match) => [match[1] ?? '', Number(match[2])]))
}
