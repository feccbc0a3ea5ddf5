import { Scanner } from '../scanner.ts'

/**
 * How many declarations in a body's text seem to give a variable its first value: never fewer than really do. Those of
 * cursors, which have a query instead, are left out.
 */
export function countDefaults(body: string): number {
  const scanner = new Scanner(body)
  let count = 0
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
    else if (kind === 'semicolon') {
      if (declaration?.hasDefault === true) count += 1
      declaration &&= new Declaration()
    } else declaration?.add(text)
  }
  return count
}

class Declaration {
  readonly #words: string[] = []
  #gives = false

  get hasDefault(): boolean {
    return this.#gives && !/^\S+ (?:(?:no )?scroll )?cursor\b/.test(this.#words.join(' '))
  }

  add(token: string): void {
    if (token === '=' || token === 'default') this.#gives = true
    // Four tell whether it is a cursor's; the name may be quoted, and have spaces in it.
    if (this.#words.length < 4) this.#words.push(this.#words.length === 0 ? 'name' : token)
  }
}
