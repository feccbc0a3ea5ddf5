import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { manifest, root } from './install.ts'

// `npm ci` in the root installs little, and without a warning. Other packages belong to folders of their own.

interface Installed {
  readonly engines?: { readonly node?: string }
  readonly hasInstallScript?: boolean
}

interface Lock {
  readonly packages: Readonly<Record<string, Installed>>
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'))
const { packages } = read('package-lock.json') as Lock

const BLOCK_BYTES = 4_096
const MOST_MEGABYTES = 250

/** Bytes that a folder takes on a disk, links not followed. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sum + BLOCK_BYTES + bytesOf(path)
    return entry.isFile() ? sum + Math.ceil(statSync(path).size / BLOCK_BYTES) * BLOCK_BYTES : sum
  }, 0)
}

test(`takes less than ${MOST_MEGABYTES} MB`, () => {
  const { packages: installed } = read('node_modules/.package-lock.json') as Lock
  const outermost = Object.keys(installed).filter((path) => path.lastIndexOf('node_modules/') === 0)
  const bytes = outermost.reduce((sum, path) => sum + bytesOf(join(root, path)), 0)
  expect(bytes / 2 ** 20).toBeGreaterThan(50)
  expect(bytes / 2 ** 20).toBeLessThan(MOST_MEGABYTES)
})

/** Whether a range such as `^20.19.0 || >=22.12.0` has the version in it. */
function admits(range: string, version: readonly [major: number, minor: number]): boolean {
  return range.split('||').some((part) => {
    const [, operator = '', major = '', minor = '0'] = /^\s*(\^|>=)?\s*(\d+)(?:\.(\d+))?/.exec(part) ?? []
    if (Number(major) === version[0]) return Number(minor) <= version[1]
    return operator === '>=' && Number(major) < version[0]
  })
}

test('needs no newer Node.js than the library', () => {
  const [, major = '', minor = ''] = /^>=(\d+)\.(\d+)$/.exec(manifest.engines.node) ?? []
  const oldest = [Number(major), Number(minor)] as const
  const others = Object.entries(packages).flatMap(([path, { engines }]) =>
    engines?.node === undefined || admits(engines.node, oldest) ? [] : [`${path}: ${engines.node}`],
  )
  expect(others).toEqual([])
})

test('runs no install script but those that package.json allows', () => {
  const scripts = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript)
  const names = scripts.map((path) => path.replace('node_modules/', ''))
  expect(names).toEqual(Object.keys(manifest.allowScripts))
})
