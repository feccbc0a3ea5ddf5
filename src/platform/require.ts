// Not by its name: bundles often begin with an import of `createRequire`, and a second one would be a syntax error.
import Module from 'node:module'

/** A CommonJS module that is loaded when `requireHere` is called, and what is known of it. */
export interface Required {
  /** The module. @throws what loading it threw */
  load(): unknown
  /** The path of a file that is installed. @throws when it is not */
  resolve(file: string): string
}

/**
 * Loads a CommonJS module of an installed package, at once. A failure is kept for `load()`, so that whoever does not need
 * the module is not stopped by it.
 */
export function requireHere(name: string): Required {
  try {
    const require = Module.createRequire(placeOfThisFile())
    const loaded: unknown = require(name)
    return { load: () => loaded, resolve: (file) => require.resolve(file) }
  } catch (cause) {
    const fail = (): never => {
      throw cause
    }
    return { load: fail, resolve: fail }
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
