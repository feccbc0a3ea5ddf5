const wordBeforeRegex = /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|yield|await|else|do)$/

/**
 * The same text with the insides of comments, strings, templates and regular expressions turned into spaces. Quotes,
 * offsets and line breaks stay, so that whatever is found in the mask can be read from the text at the same place.
 *
 * @throws Error when a literal or a comment does not end: the mask would be wrong from there on.
 */
export function mask(text: string): string {
  let out = ''
  let at = 0
  // One entry for each template that is open around `at`: the number of braces opened inside its `${`.
  const templates: number[] = []

  const blank = (end: number): void => {
    out += text.slice(at, end).replace(/[^\n]/g, ' ')
    at = end
  }
  const keep = (count = 1): void => {
    out += text.slice(at, at + count)
    at += count
  }
  const fail = (what: string): never => {
    throw new Error(`${what} does not end, in line ${text.slice(0, at).split('\n').length}`)
  }
  const skipQuoted = (quote: string): void => {
    const end = /['"]/.test(quote) ? endOfString(text, at + 1, quote) : endOfRegex(text, at + 1)
    if (end === undefined) return fail(quote === '/' ? 'a regular expression' : 'a string')
    keep()
    blank(end)
    keep()
  }
  const skipTemplate = (): void => {
    let end = at
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end))
      end += text[end] === '\\' ? 2 : 1
    if (end >= text.length) return fail('a template')
    blank(end)
    if (text[at] === '`') keep()
    else {
      keep(2)
      templates.push(0)
    }
  }

  while (at < text.length) {
    const char = text[at] ?? ''
    const depth = templates.at(-1)
    if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at)
      blank(end === -1 ? text.length : end)
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2)
      if (end === -1) fail('a comment')
      blank(end + 2)
    } else if (char === "'" || char === '"' || (char === '/' && startsRegex(out))) {
      skipQuoted(char)
    } else if (char === '`') {
      keep()
      skipTemplate()
    } else if (char === '}' && depth === 0) {
      templates.pop()
      keep()
      skipTemplate()
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1
      keep()
    }
  }
  if (templates.length > 0) fail('a template')
  return out
}

function endOfString(text: string, from: number, quote: string): number | undefined {
  for (let at = from; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === quote) return at
    if (text[at] === '\\') at++
  }
  return undefined
}

function endOfRegex(text: string, from: number): number | undefined {
  let inClass = false
  for (let at = from; at < text.length && text[at] !== '\n'; at++) {
    const char = text[at]
    if (char === '/' && !inClass) return at
    if (char === '\\') at++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
  }
  return undefined
}

/** A slash divides after a value, and opens a regular expression after anything else. */
function startsRegex(before: string): boolean {
  const code = before.trimEnd()
  return !/[\w$)\]}'"`]$/.test(code) || wordBeforeRegex.test(code.slice(-20))
}
