import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPacked, manifest, type Consumer } from './install.ts'

let consumer: Consumer
beforeAll(() => {
  consumer = installPacked()
})
afterAll(() => consumer.remove())

test('what package.json points to is there', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const missing = [...targets, ...Object.values(manifest.bin)].filter(
    (path) => !existsSync(join(consumer.installed, path)),
  )
  expect(missing).toEqual([])
})

test('the command can be run', () => {
  for (const path of Object.values(manifest.bin)) {
    expect(readFileSync(join(consumer.installed, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  }
})

test('nothing but the compiled code, its source and the documents', () => {
  const allowed =
    /^(?:dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts|package\.json|LICENSE|README\.md|CHANGELOG\.md)$/
  expect(consumer.files.filter((path) => !allowed.test(path))).toEqual([])
  expect(consumer.files.filter((path) => /\.test\.|(?:^|\/)tests?\//.test(path))).toEqual([])
  expect(consumer.files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']),
  )
})

test('every source map finds its source', () => {
  const maps = consumer.files.filter((path) => path.endsWith('.map'))
  const lost = maps.filter((path) => {
    const map = JSON.parse(readFileSync(join(consumer.installed, path), 'utf8')) as {
      readonly sources: string[]
    }
    return map.sources.some((source) => !existsSync(join(consumer.installed, dirname(path), source)))
  })
  expect(maps.length).toBeGreaterThan(0)
  expect(lost).toEqual([])
})
