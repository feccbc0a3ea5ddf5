/** Something that takes input from outside, with a way to make up inputs. */
export interface FuzzTarget {
  readonly name: string
  /** Makes an input up. */
  readonly inputs: (dice: Dice) => () => unknown
  /** Takes an input. What it gives or throws may reach a user, a log or a server. */
  readonly take: (input: unknown) => unknown
  /** Whether an error that is not of this library is expected: node-postgres would throw it, too. */
  readonly expects?: (error: unknown) => boolean
  /** Whether what it gives may hold the secret: options of a connection do. Errors never may. */
  readonly givesSecret?: boolean
}

/** Random choices that a seed repeats. */
export interface Dice {
  /** A number in [0, 1). */
  readonly random: () => number
  below(limit: number): number
  any<Item>(items: readonly Item[]): Item
  /** A text that is broken in up to four places. */
  broken(text: string): string
  /** Any value of JavaScript, and any value that JSON can hold where `isJson`. */
  value(isJson?: boolean): unknown
}

/** Stands in inputs where a password, a key or a parameter may stand. */
export const SECRET = 'planted-5ecret-Zq81'
