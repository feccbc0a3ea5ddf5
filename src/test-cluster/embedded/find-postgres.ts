import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Finds an installed PostgreSQL of a major version in the directories of Debian, Red Hat, Alpine, Homebrew and
 * Postgres.app. Runs no program.
 *
 * @returns The directory with its server programs, for {@link ClusterOptions.binDir}; undefined when there is none.
 * @example
 * const binDir = await findPostgres(16)
 */
export function findPostgres(version: number): string | undefined {
  const candidates = [
    `/usr/lib/postgresql/${version}/bin`,
    `/usr/pgsql-${version}/bin`,
    `/usr/libexec/postgresql${version}`,
    `/opt/homebrew/opt/postgresql@${version}/bin`,
    `/usr/local/opt/postgresql@${version}/bin`,
    `/Applications/Postgres.app/Contents/Versions/${version}/bin`,
  ]
  return candidates.find((directory) =>
    ['postgres', 'initdb'].every((program) => existsSync(join(directory, program))),
  )
}
