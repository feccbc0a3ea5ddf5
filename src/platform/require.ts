import { createRequire } from 'node:module'

/**
 * Loads an installed CommonJS module when it is needed, at once.
 *
 * The build replaces each call by `require(name)`, so that bundlers see the module; therefore `name` must be a literal.
 * An optional package is required inside of `try`: bundlers then accept that it is missing.
 *
 * @throws the error of loading it
 */
export function requireLazily(name: string): unknown {
  return createRequire(import.meta.url)(name)
}
