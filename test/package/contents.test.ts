import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPacked, manifest, root, type Consumer } from './install.ts'

let consumer: Consumer
beforeAll(() => {
  consumer = installPacked()
})
afterAll(() => consumer.remove())

const entries = Object.values(manifest.exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target.import, target.default],
)
const commands = Object.values(manifest.bin)
const targets = [...entries, ...commands].map((path) => join(path))
const isCommand = (path: string): boolean => commands.some((command) => join(command) === path)

test('files that package.json points to exist', () => {
  expect(targets.filter((path) => !existsSync(join(consumer.installed, path)))).toEqual([])
})

test('the command can be run', () => {
  for (const path of Object.values(manifest.bin)) {
    expect(readFileSync(join(consumer.installed, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  }
})

test('only the build, its declarations and the documents', () => {
  const allowed =
    /^(?:dist\/.+\.(?:js|mjs|d\.ts|d\.mts)|dist\/package\.json|package\.json|LICENSE|(?:README|CHANGELOG|THIRD-PARTY-NOTICES)\.md)$/
  expect(consumer.files.filter((path) => !allowed.test(path))).toEqual([])
  expect(consumer.files.filter((path) => /\.test\.|(?:^|\/)tests?\//.test(path))).toEqual([])
  expect(consumer.files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'THIRD-PARTY-NOTICES.md',
      'package.json',
    ]),
  )
})

test('every file is reached from an entry', () => {
  const reached = new Set<string>()
  const visit = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    const text = readFileSync(join(consumer.installed, path), 'utf8')
    for (const [, file = ''] of text.matchAll(/(?:from|import|require\(|import\()\s*["'](\.[^"']+)["']/g)) {
      const target = join(dirname(path), file)
      visit(/\.d\.m?ts$/.test(path) ? target.replace(/\.js$/, '.d.ts') : target)
    }
  }
  for (const path of targets) {
    visit(path)
    if (path.endsWith('.mjs')) visit(path.replace(/\.mjs$/, '.d.mts'))
    else if (!isCommand(path)) visit(path.replace(/\.js$/, '.d.ts'))
  }
  const built = consumer.files.filter((path) => path.startsWith('dist/') && path !== 'dist/package.json')
  expect(built.filter((path) => !reached.has(path))).toEqual([])
})

// Node reads the whole text of a CommonJS module for the names of its exports when an ES module imports it.
test('the CommonJS modules that ES modules import are small', () => {
  const imported = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default],
  )
  const sizes = imported.map((path) => readFileSync(join(consumer.installed, path)).length)
  expect(sizes.length).toBeGreaterThan(0)
  expect(Math.max(...sizes)).toBeLessThan(4_000)
})

test('the repository is named, from which npm completes the links of the README', () => {
  const { repository, homepage, bugs } = manifest
  expect(repository.url).toMatch(/^git\+https:\/\/github\.com\/.+\.git$/)
  const address = repository.url.slice('git+'.length, -'.git'.length)
  expect(homepage).toBe(`${address}#readme`)
  expect(bugs.url).toBe(`${address}/issues`)
})

test('links of the README lead to files of the repository', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const links = [...readme.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link)
  const local = links.filter((link) => !/^[a-z]+:/.test(link))
  expect(local.length).toBeGreaterThan(0)
  expect(local.filter((link) => link.startsWith('/') || !existsSync(join(root, link)))).toEqual([])
})
