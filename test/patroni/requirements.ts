import { execFile } from 'node:child_process'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a Patroni cluster needs of this machine. */
export interface Requirements {
  readonly patroni: string
  /** Directory with the server programs that Patroni calls. */
  readonly binDir: string
}

/** Finds it, or says in a few words what is missing. */
export async function findRequirements(): Promise<Requirements | string> {
  const patroni = await onPath('patroni')
  if (patroni === undefined) return 'no patroni on the PATH'
  if (!(await hasRaft(patroni))) return 'patroni lacks the Python package pysyncobj, its own store'
  const binDir = await serverPrograms()
  return binDir === undefined ? 'no PostgreSQL with pg_ctl, pg_basebackup and pg_rewind' : { patroni, binDir }
}

async function onPath(program: string): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    const path = join(directory, program)
    if (await works(path, '--version')) return path
  }
  return undefined
}

/** Asks the Python that runs Patroni, which need not be the first one on the PATH. */
async function hasRaft(patroni: string): Promise<boolean> {
  const [firstLine = ''] = (await readFile(patroni, 'utf8')).split('\n')
  const [python = '', ...options] = firstLine.replace(/^#!\s*/, '').split(/\s+/)
  return works(python, ...options, '-c', 'import pysyncobj')
}

/** The newest that has all of them: on the PATH, or where Debian and Red Hat put them. */
async function serverPrograms(): Promise<string | undefined> {
  const parents = ['/usr/lib/postgresql', '/usr']
  const found = await Promise.all(
    parents.map(async (parent) =>
      (await readdir(parent).catch(() => []))
        .filter((name) => /^(?:pgsql-)?\d+$/.test(name))
        .map((name) => ({ path: join(parent, name, 'bin'), version: Number(/\d+/.exec(name)) })),
    ),
  )
  const installed = found.flat().toSorted((a, b) => b.version - a.version)
  for (const directory of [...(process.env['PATH'] ?? '').split(':'), ...installed.map(({ path }) => path)]) {
    const needed = [
      'postgres',
      'initdb',
      'pg_ctl',
      'pg_basebackup',
      'pg_rewind',
      'pg_controldata',
      'pg_isready',
    ]
    const all = await Promise.all(needed.map((program) => works(join(directory, program), '--version')))
    if (directory !== '' && all.every(Boolean)) return realpath(directory)
  }
  return undefined
}

async function works(program: string, ...args: readonly string[]): Promise<boolean> {
  return run(program, args, { cwd: '/' }).then(
    () => true,
    () => false,
  )
}
