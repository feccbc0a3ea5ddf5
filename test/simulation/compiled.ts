import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** A compiled command. */
export interface Compiled extends AsyncDisposable {
  /** Runs it over the built library. Resolves with its exit code and its lines. */
  run(...args: readonly string[]): Promise<{ readonly code: number; readonly lines: readonly string[] }>
}

/** Compiles the command `proof:simulation` from the sources as they are now. It replaces the clock of its process. */
export function compileSimulation(): Promise<Compiled> {
  return compileCommand('tsconfig.tools.json', 'test/proofs/simulation.js')
}

/**
 * Compiles a command that has the option `--library`.
 * @param project Its tsconfig.json.
 * @param packages Folder with packages of its own.
 */
export async function compileCommand(project: string, program: string, packages?: string): Promise<Compiled> {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'simulation-'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const tsc = [compiler, '-p', project, '--outDir', directory, '--noCheck']
  await run(process.execPath, tsc, { cwd: root })
  if (packages !== undefined) {
    await symlink(join(root, packages, 'node_modules'), join(directory, packages, 'node_modules'))
  }
  const command = [join(directory, program), '--library', join(root, 'dist')]
  return {
    run: async (...args) => {
      const ended = await run(process.execPath, [...command, ...args], { maxBuffer: 2 ** 26 }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: { code: number; stdout: string; stderr: string }) => {
          if (error.stderr !== '') throw new Error(error.stderr)
          return error
        },
      )
      return { code: ended.code, lines: ended.stdout.trimEnd().split('\n') }
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
