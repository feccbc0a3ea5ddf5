// Installs the packages of others that only some tests and benchmarks need: `node scripts/install-peers.mjs [folder…]`.
// Each such folder has a package.json and a package-lock.json of its own. Without a folder, all of them are installed.
// A folder is skipped when it has what its lock file says.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
const library = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Packages that exist once, in the root: a second copy has other classes and other types. */
const ROOT_ONLY = new Set(['pg', 'pg-pool', 'pg-cursor', 'pg-query-stream', '@types/pg', '@types/node'])

/** How many folders are installed at a time: npm waits for the network and the disk as long as it computes. */
const AT_A_TIME = 2

/**
 * Every folder with packages of its own, relative to the root. With `packagesOf` in its package.json it uses those of
 * another folder.
 */
export function peerFolders() {
  return ['test', 'bench', 'examples', 'site']
    .flatMap((parent) => [parent, ...readdirSync(join(root, parent)).map((name) => join(parent, name))])
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted((a, b) => a.localeCompare(b))
}

/** Returns the other folder whose packages this one uses; `undefined` for its own. */
export function packagesOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).packagesOf
}

const installing = new Map()

/** Installs the packages of a folder once, however often they are needed. */
function installOnce(folder) {
  if (!installing.has(folder)) installing.set(folder, install(folder))
  return installing.get(folder)
}

async function install(folder) {
  const path = join(root, folder)
  const other = packagesOf(folder)
  if (other !== undefined) {
    await installOnce(other)
    return link(join(path, 'node_modules'), join(root, other, 'node_modules'))
  }
  const read = (name) => readFileSync(join(path, name), 'utf8')
  const [manifest, lock] = [read('package.json'), read('package-lock.json')]
  const { allowScripts = {}, dependencies = {} } = JSON.parse(manifest)

  const stamp = join(path, 'node_modules/.installed')
  // The script itself, too: what it does after `npm ci` may change. Packages with binaries differ by platform.
  const wanted = createHash('sha256')
    .update([lock, manifest, readFileSync(import.meta.filename, 'utf8')].join('\0'))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    const startedAtMs = performance.now()
    await npm(path, 'ci', ['--prefer-offline', '--ignore-scripts'])
    // Of the install scripts, those that package.json allows run: for packages that fetch or place a binary.
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name])
    if (allowed.length > 0) await npm(path, 'rebuild', allowed)
    for (const place of Object.keys(JSON.parse(lock).packages)) {
      const name = place.split('node_modules/').at(-1)
      if (ROOT_ONLY.has(name)) rmSync(join(path, place), { recursive: true, force: true })
    }
    // A package.json hides that of the root, through which the root's programs find the library by its name.
    link(join(path, 'node_modules', library.name), root)
    writeFileSync(stamp, wanted)
    console.log(`installed ${folder} (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s)`)
  }

  // Packages that the library itself loads where it finds them. An install in the root removes these links.
  for (const name of Object.keys(dependencies)) {
    if (!(name in library.peerDependencies) || name in library.devDependencies) continue
    link(join(root, 'node_modules', name), join(path, 'node_modules', name))
  }
}

function link(path, target) {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(relative(dirname(path), target), path, 'junction')
}

async function npm(cwd, command, args) {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  const shell = process.platform === 'win32'
  await promisify(execFile)('npm', [command, ...args, ...quiet], { cwd, shell }).catch((error) => {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim()
    const why = typeof error.code === 'number' ? `ended with ${error.code}` : error.message
    throw new Error(`npm ${command} ${why}\n${output}`)
  })
}

if (process.argv[1] === import.meta.filename) {
  const named = process.argv.slice(2).map((folder) => relative(root, resolve(folder)))
  const left = named.length > 0 ? named : peerFolders()
  const worker = async () => {
    for (let folder = left.shift(); folder !== undefined; folder = left.shift()) {
      await installOnce(folder).catch((error) => {
        console.error(`Cannot install the packages of ${folder}: ${error.message}`)
        process.exitCode = 1
      })
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}
