// Installs the packages of others that only some tests and benchmarks need: `node scripts/install-peers.mjs [folder…]`.
// Each such folder has a package.json and a package-lock.json of its own. Without a folder, all of them are installed.
// A folder is skipped when it has what its lock file says.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = join(import.meta.dirname, '..')

const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Packages that exist once in a process, in the root: a second copy has other classes and other types. */
const ROOT_ONLY = new Set(['pg', 'pg-pool', 'pg-cursor', 'pg-query-stream', '@types/pg'])

/** Every folder with packages of its own, relative to the root. */
export function peerFolders() {
  return ['test', 'bench', 'examples']
    .flatMap((parent) => [parent, ...readdirSync(join(root, parent)).map((name) => join(parent, name))])
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted((a, b) => a.localeCompare(b))
}

function install(folder) {
  const path = join(root, folder)
  const [manifest, lock] = ['package.json', 'package-lock.json'].map((name) => readPart(folder, name))
  const stamp = join(path, 'node_modules/.installed')
  // The script itself, too: what it does after `npm ci` may change. Packages with binaries differ by platform.
  const wanted = createHash('sha256')
    .update([lock, manifest, readFileSync(import.meta.filename, 'utf8')].join('\0'))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex')
  // Packages that the library itself loads where it finds them. An install in the root removes these links.
  const optional = Object.keys(JSON.parse(manifest).dependencies ?? {}).filter(
    (name) => name in peerDependencies,
  )
  const isInstalled = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (isInstalled && optional.every((name) => existsSync(join(root, 'node_modules', name)))) return

  const startedAtMs = performance.now()
  const common = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  npm(folder, ['ci', '--prefer-offline', '--ignore-scripts', ...common])
  // Of the install scripts, those that package.json allows run: for packages that fetch or place a binary.
  const allowed = Object.entries(JSON.parse(manifest).allowScripts ?? {}).filter(([, isAllowed]) => isAllowed)
  if (allowed.length > 0) npm(folder, ['rebuild', ...allowed.map(([name]) => name), ...common])

  for (const place of Object.keys(JSON.parse(lock).packages)) {
    const name = place.split('node_modules/').at(-1)
    if (ROOT_ONLY.has(name)) rmSync(join(path, place), { recursive: true, force: true })
  }
  // A package.json hides that of the root, through which the root's programs find the library by its name.
  link(join(path, 'node_modules/pg-switchyard'), root)
  for (const name of optional) link(join(root, 'node_modules', name), join(path, 'node_modules', name))
  writeFileSync(stamp, wanted)
  console.log(`installed ${folder} (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s)`)
}

function link(path, target) {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(relative(dirname(path), target), path, 'junction')
}

function readPart(folder, name) {
  try {
    return readFileSync(join(root, folder, name), 'utf8')
  } catch (error) {
    return fail(folder, error.message)
  }
}

function npm(folder, args) {
  const shell = process.platform === 'win32'
  const { error, status, stdout, stderr } = spawnSync('npm', args, {
    cwd: join(root, folder),
    encoding: 'utf8',
    shell,
  })
  if (status === 0) return
  console.error(`${stdout ?? ''}${stderr ?? ''}`.trim())
  fail(folder, error?.message ?? `npm ${args[0]} ended with ${status}`)
}

function fail(folder, why) {
  console.error(`Cannot install the packages of ${folder}: ${why}`)
  process.exit(1)
}

if (process.argv[1] === import.meta.filename) {
  const named = process.argv.slice(2).map((folder) => relative(root, resolve(folder)))
  for (const folder of named.length > 0 ? named : peerFolders()) install(folder)
}
