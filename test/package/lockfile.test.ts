import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packagesOf, peerFolders } from '../../scripts/install-peers.mjs'
import { root } from './install.ts'

interface Locked {
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Where Node would look for a package that is needed by the one at `path`, nearest first. */
function places(path: string, name: string): readonly string[] {
  const parents = path.split(/\/?node_modules\//).slice(1)
  return [...parents.keys(), parents.length]
    .toReversed()
    .map((depth) => ['', ...parents.slice(0, depth), name].join('/node_modules/').slice(1))
}

const folders = peerFolders().filter((folder) => packagesOf(folder) === undefined)

describe.each(['.', 'scripts/changesets', ...folders])('the lock file of %s', (folder) => {
  const text = readFileSync(join(root, folder, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> }

  test('names no registry, so that each installation uses its own', () => {
    expect(text).not.toMatch(/"resolved": "https?:/)
  })

  test('is complete for every platform, so that npm ci accepts it', () => {
    const missing = Object.entries(packages).flatMap(([path, locked]) =>
      Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })
        .filter((name) => !places(path, name).some((place) => place in packages))
        .map((name) => `${name}, for ${path}`),
    )
    expect(missing).toEqual([])
  })
})
