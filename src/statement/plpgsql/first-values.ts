import { Scanner } from '../scanner.ts'

/**
 * The expressions that give variables their first values, found in a body's text. All are found, and perhaps more where
 * the text only looks like a declaration. Cursors, which have a query instead, are left out.
 */
export function firstValuesOf(body: string): readonly string[] {
  const scanner = new Scanner(body)
  const values: string[] = []
  let declaration: Declaration | undefined
  let previous = ';'
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'block-comment' || kind === 'line-comment') continue
    const text = kind === 'word' ? scanner.text.toLowerCase() : scanner.text
    const isFirst = previous === ';' || previous === 'declare'
    previous = text
    if (kind === 'word' && text === 'declare') declaration = new Declaration()
    // As a name it may stand inside of a declaration, but never where the next one begins.
    else if (kind === 'word' && text === 'begin' && isFirst) declaration = undefined
    else if (kind === 'semicolon' && declaration !== undefined) {
      if (declaration.valueAt !== undefined) values.push(body.slice(declaration.valueAt, scanner.start))
      declaration = new Declaration()
    } else declaration?.add(text, scanner.end)
  }
  return values
}

class Declaration {
  readonly #words: string[] = []
  #valueAt: number | undefined

  /** Where the first value begins, if there is one. */
  get valueAt(): number | undefined {
    return /^\S+ (?:(?:no )?scroll )?cursor\b/.test(this.#words.join(' ')) ? undefined : this.#valueAt
  }

  add(token: string, end: number): void {
    if (token === '=' || token === 'default') this.#valueAt ??= end
    // Four tell whether it is a cursor's; the name may be quoted, and have spaces in it.
    if (this.#words.length < 4) this.#words.push(this.#words.length === 0 ? 'name' : token)
  }
}
