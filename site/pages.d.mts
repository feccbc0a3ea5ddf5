/** One section of the list of documents. */
export interface Section {
  readonly title: string
  readonly pages: readonly { readonly text: string; readonly path: string; readonly about: string }[]
}

export const staged: string
export function markdownBelow(folder: string): readonly string[]
export function contents(): readonly Section[]
