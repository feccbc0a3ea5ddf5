/** A docstring. */
export interface Doc {
  /** Text in front of the first tag. A blank line separates paragraphs. */
  readonly text: string
  readonly defaultValue?: string | undefined
  /** Code of each `@example`, without fences. */
  readonly examples: readonly string[]
}

const TAGS =
  /(?:^|\s)@(defaultValue|param|typeParam|returns|throws|example|template|internal|deprecated|see)\b/

/** Parses a comment without its slashes. */
export function parseDoc(comment: string): Doc {
  const lines = comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  const [text = '', ...tags] = lines.join('\n').trim().split(TAGS)
  const examples: string[] = []
  let defaultValue: string | undefined
  for (let index = 0; index < tags.length; index += 2) {
    const content = tags[index + 1] ?? ''
    if (tags[index] === 'example') examples.push(content.replace(/^\s*```\w*\n|\n```\s*$/g, '').trim())
    if (tags[index] === 'defaultValue') defaultValue = sentence(content)
  }
  return { text: paragraphs(text), defaultValue, examples }
}

function sentence(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => sentence(paragraph).replace(/\{@link (\w+)(?:\(\))?\}/g, '`$1`'))
    .join('\n\n')
}

/** Text as a cell of a table. */
export function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')
}

/** Rows as a table of Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
