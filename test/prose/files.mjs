import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Folders and files whose language is checked. */
const CHECKED = [
  'src',
  'docs',
  'README.md',
  'CHANGELOG.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  '.changeset',
  'site',
  'examples',
  'bench',
  'scripts',
]

/** Folders of packages, builds and results. */
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'results', '.next', '.git'])

/** Files that are checked, relative to the root. */
export function checkedFiles(root) {
  return CHECKED.flatMap((path) => (/\.\w+$/.test(path.slice(1)) ? [path] : [...walk(root, path)])).filter(
    isProse,
  )
}

function isProse(path) {
  return /\.(?:md|ts|mjs)$/.test(path)
}

function* walk(root, folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* walk(root, path)
    else if (entry.isFile()) yield path
  }
}
