import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findCycles } from './cycles.ts'
import { missingImports, rankViolations, undeclaredPackages } from './ranks.ts'
import { readSources, root } from './source.ts'

const sources = readSources()
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

test('a file imports only from its own folder and from lower ranks', () => {
  expect(rankViolations(sources)).toEqual([])
})

test('no file imports itself by a detour, types included', () => {
  expect(findCycles(sources)).toEqual([])
})

test('every import between files was understood', () => {
  expect(missingImports(sources)).toEqual([])
})

test('every package that is imported is declared', () => {
  // The build carries the parser inside.
  const declared = ['libpg-query', ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })]
  expect(undeclaredPackages(sources, declared)).toEqual([])
})
