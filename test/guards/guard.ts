/** A condition in the source without which a promise of the library breaks, and the tests that must notice its absence. */
export interface Guard {
  /** Name for `--only`: kebab-case, unique. */
  readonly name: string
  /** One sentence that says what goes wrong without the guard. */
  readonly without: string
  /** File that holds the guard, relative to the root of the repository. */
  readonly file: string
  /** Text that occurs exactly once in the file. Each run of white space matches any other. */
  readonly find: string
  /** Text that takes its place. */
  readonly replace: string
  /** Tests that must fail without the guard. One that fails is enough. */
  readonly tests: readonly TestSelection[]
  /** Text of the expected failure, where that is not a failed assertion: a wait that does not end, for example. */
  readonly shows?: string
}

/** Tests of one file: all of them, or those whose full name contains a text. */
export interface TestSelection {
  /** Path relative to the root of the repository. */
  readonly file: string
  readonly name?: string
}

/** Returns `source` without the guard. Throws unless the text to find occurs exactly once. */
export function removeFrom(source: string, { file, find, name, replace }: Guard): string {
  const pattern = find
    .trim()
    .split(/\s+/)
    .map(escapePattern)
    .join(String.raw`\s+`)
  const matches = source.match(new RegExp(pattern, 'g'))?.length ?? 0
  if (matches !== 1) {
    throw new Error(
      `The guard "${name}" must match ${file} exactly once, but matches ${matches} times: ${find}`,
    )
  }
  return source.replace(new RegExp(pattern), () => replace)
}

/** Escapes a text for use in a regular expression. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
