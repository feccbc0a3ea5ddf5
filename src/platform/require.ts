// Not by its name: bundles often begin with an import of `createRequire`, and a second one would be a syntax error.
import Module from 'node:module'

/** A CommonJS module of an installed package, and its files. */
export interface Required {
  /** The module, which is loaded by the first call. @throws what loading it threw */
  load(): unknown
  /** The path of a file that is installed. @throws when it is not */
  resolve(file: string): string
}

/** Finds a CommonJS module from the place of this file. Nothing is loaded before it is asked for. */
export function requireHere(name: string): Required {
  let loaded: unknown
  const here = (): NodeJS.Require => Module.createRequire(placeOfThisFile())
  return {
    load: () => (loaded ??= here()(name)),
    resolve: (file) => here().resolve(file),
  }
}

declare const __filename: unknown

/** A bundle in the format of CommonJS has no `import.meta.url`. */
function placeOfThisFile(): string {
  const { url } = import.meta as { readonly url?: string }
  if (url !== undefined) return url
  if (typeof __filename === 'string') return __filename
  throw new Error('The place of this file is not known')
}
