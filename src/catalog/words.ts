/** The words of a list that is parted by white space. */
export function words(list: string): readonly string[] {
  return list.split(/\s+/).filter((word) => word !== '')
}

/** The words of lists as a set, which is made when it is first asked: a process that starts asks none. */
export class WordSet {
  readonly #lists: readonly string[]
  #words: ReadonlySet<string> | undefined

  constructor(...lists: readonly string[]) {
    this.#lists = lists
  }

  has(word: string): boolean {
    this.#words ??= new Set(this.#lists.flatMap(words))
    return this.#words.has(word)
  }
}
