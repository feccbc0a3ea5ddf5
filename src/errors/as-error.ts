import { describe } from './describe.ts'

/** Converts a thrown value to an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown))
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return describe(thrown)
  }
}
