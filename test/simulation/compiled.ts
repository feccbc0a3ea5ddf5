import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** The command `proof:simulation`, compiled from the sources as they are now. It replaces the clock of its process. */
export interface Compiled extends AsyncDisposable {
  /** Runs it over the built library. Resolves with its exit code and its lines. */
  run(...args: readonly string[]): Promise<{ readonly code: number; readonly lines: readonly string[] }>
}

export async function compileSimulation(): Promise<Compiled> {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'simulation-'))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const tsc = [compiler, '-p', 'tsconfig.tools.json', '--outDir', directory, '--noCheck']
  await run(process.execPath, tsc, { cwd: root })
  const command = [join(directory, 'test/proofs/simulation.js'), '--library', join(root, 'dist')]
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
