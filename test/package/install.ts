import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

export interface Manifest {
  readonly engines: { readonly node: string }
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly exports: Readonly<Record<string, string | { readonly import: string; readonly default: string }>>
  readonly repository: { readonly url: string }
  readonly homepage: string
  readonly bugs: { readonly url: string }
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

export const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** A project in a temporary directory that has installed the package as npm would publish it. */
export interface Consumer {
  readonly folder: string
  /** Where the package itself lies. */
  readonly installed: string
  /** Paths in the package, as packed. */
  readonly files: readonly string[]
  /** Makes a package that is installed here visible there too: one of the root, or of a folder with packages of its own. */
  link(name: string, from?: string): void
  write(file: string, text: string): void
  /** Standard output of a script of this project. @throws when it exits with an error */
  node(...args: readonly string[]): string
  remove(): void
}

/** The consumer gets the dependencies and the peers that are not optional, and nothing else. */
export function installPacked(): Consumer {
  if (!existsSync(join(root, 'dist/index.js'))) run('npm', ['run', '--silent', 'build'], root)
  const folder = mkdtempSync(join(tmpdir(), 'pg-switchyard-package-'))
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse(run('npm', args, root)) as [{ filename: string; files: { path: string }[] }]
  const installed = join(folder, 'node_modules/pg-switchyard')
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', packed.filename, '-C', installed, '--strip-components=1'], folder)

  const link = (name: string, from = ''): void => {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(join(root, from, 'node_modules', name), path, 'junction')
  }
  const peers = Object.keys(manifest.peerDependencies)
  const required = peers.filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true)
  for (const name of [...Object.keys(manifest.dependencies), ...required]) link(name)

  return {
    folder,
    installed,
    files: packed.files.map((file) => file.path),
    link,
    write: (file, text) => writeFileSync(join(folder, file), text),
    node: (...script) => run(process.execPath, script, folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  const shell = process.platform === 'win32' && command === 'npm'
  return execFileSync(command, args, { cwd, encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'pipe'] })
}
