// Not a named import: bundles often begin with an import of `createRequire`, and a second one would be a syntax error.
import Module from 'node:module'

/** A CommonJS module of an installed package, and its files. */
export interface Required {
  /** Loads the module on the first call and returns it. @throws the error of loading it */
  load(): unknown
  /** Returns the path of an installed file. @throws when it is not installed */
  resolve(file: string): string
}

/** Finds a CommonJS module, resolved from this file. Loads nothing yet. */
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
