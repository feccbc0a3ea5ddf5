import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { fastestDirectory } from '../../src/test-cluster/embedded/directory.ts'

const owners = new Set<ChildProcess>()
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Compiles the sources as they are now, for processes that cannot load TypeScript. Gives the directory. */
export async function compileSources(): Promise<string> {
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'pg-switchyard-'))
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: { 'test-cluster/index': 'src/test-cluster/index.ts' },
    external: (id) => /^[@a-z]/.test(id),
  })
  await build.write({ dir: directory, format: 'esm' })
  await build.close()
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  return directory
}

/** A process that owns a cluster. */
export interface Owner {
  readonly pid: number
  /** The next line that it prints. */
  line(): Promise<string>
  /** What it ended with: an exit code or a signal. */
  readonly ended: Promise<number | string>
  /** What it wrote to its error output so far. */
  complaints(): string
}

/** Runs a program that can use `startCluster`, and `place` for its option `directory`. */
export function startOwner(sources: string, place: string, program: string): Owner {
  const entry = JSON.stringify(join(sources, 'test-cluster/index.js'))
  const prelude = `import { startCluster } from ${entry}\nconst place = ${JSON.stringify(place)}\n`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', prelude + program], {
    cwd: sources,
    // The leader of a process group, like what a shell starts.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  owners.add(owner)
  const lines = createInterface({ input: owner.stdout })[Symbol.asyncIterator]()
  let complaints = ''
  owner.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  return {
    pid: owner.pid as number,
    ended: once(owner, 'exit').then(([code, signal]) => (code ?? signal) as number | string),
    complaints: () => complaints,
    line: async () => {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the owner ended: ${complaints}`)
      return value
    },
  }
}

/** Ends the owners that a failed test has left running. */
export function endOwners(): void {
  for (const owner of owners) owner.kill('SIGKILL')
  owners.clear()
}

/** A directory for clusters that everybody may use, like /tmp. */
export async function makePlace(): Promise<string> {
  const place = await mkdtemp(join(await fastestDirectory(), 'place-'))
  await chmod(place, 0o1777)
  return place
}

export async function removePlace(place: string): Promise<void> {
  await rm(place, { recursive: true, force: true })
}

/** Paths below a place, of the directory of a cluster and of what lies in it; without the random name of the first. */
export async function contents(place: string): Promise<readonly string[]> {
  const clusters = await readdir(place)
  const below = await Promise.all(clusters.map((name) => readdir(join(place, name)).catch(() => [])))
  return [...clusters.map(() => '.'), ...below.flat()]
}

/** Creators of the System V shared memory segments that there are; none where the system does not list them. */
export async function segmentCreators(): Promise<readonly number[]> {
  const table = await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '')
  return table
    .split('\n')
    .slice(1)
    .map((line) => Number(line.trim().split(/\s+/)[4]))
}
