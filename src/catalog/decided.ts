import { decisions } from './builtin-decisions.ts'
import type { FunctionVerdict } from './catalog.ts'
import { words } from './words.ts'

const exact = new Map<string, FunctionVerdict>()
const prefixes: { readonly start: string; readonly verdict: FunctionVerdict }[] = []

for (const { verdict, names } of decisions) {
  for (const name of words(names)) {
    if (name.endsWith('*')) prefixes.push({ start: name.slice(0, -1), verdict })
    else exact.set(name, verdict)
  }
}

/**
 * Returns the decided verdict on a function of `pg_catalog`, which overrides its label; undefined when there is none.
 */
export function decided(name: string): FunctionVerdict | undefined {
  return exact.get(name) ?? prefixes.find(({ start }) => name.startsWith(start))?.verdict
}
