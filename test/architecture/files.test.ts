import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listedFolders, listedRanks } from './folders.ts'
import { filesBelow } from './links.ts'
import { banned, barrels, leftovers, lineCount, pgValues, riddles, unerasable } from './house-rules.ts'
import { rankOf } from './ranks.ts'
import { bagSizes, classSizes, MOST_FIELDS, MOST_MEMBERS, oversized } from './sizes.ts'
import { folderOf, isTest, readSources, root } from './source.ts'

const sources = readSources()

test('no file has more than 400 lines, and half of them at most 120', ({ annotate }) => {
  expect(sources.filter((source) => lineCount(source) > 400).map((source) => source.path)).toEqual([])
  const counts = sources
    .filter((source) => !isTest(source.path))
    .map(lineCount)
    .toSorted((a, b) => a - b)
  const median = counts[Math.floor(counts.length / 2)]
  void annotate(`${counts.length} files, median ${median} lines, longest ${counts.at(-1)}`)
  expect(median).toBeLessThanOrEqual(120)
})

/** Longer than the rule allows: a table of programs that run in one process. */
const LONG = 'test/tracing/paths.cjs'

test.each(['test', 'bench', 'scripts', 'examples', 'site'])(
  'no file in %s has more than 400 lines',
  (folder) => {
    const long = filesBelow(root, folder, /\.(?:[cm]?[jt]s|vue)$/).filter(
      (path) => readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length > 400,
    )
    expect(long).toEqual(folder === 'test' ? [LONG] : [])
  },
)

/** Classes and constructor parameters that were there before the rule. They may shrink, and none may be added. */
const crowded = {
  'catalog/watcher.ts CatalogWatcher': 47,
  'consistency/causality.ts Causality': 32,
  'monitoring/cluster-monitor.ts ClusterMonitor': 41,
  'monitoring/node-probe.ts NodeProbe': 29,
  'monitoring/watched-node.ts WatchedNode': 33,
}
const bulky = {
  'catalog/watcher.ts WatcherOptions': 9,
  'monitoring/cluster-monitor.ts ClusterMonitorOptions': 9,
}

test('no class has more than 25 members', () => {
  expect(oversized(classSizes(sources), MOST_MEMBERS, crowded)).toEqual([])
})

test('the only parameter of a constructor has at most 8 fields', () => {
  expect(oversized(bagSizes(sources), MOST_FIELDS, bulky)).toEqual([])
})

test('time and chance come from src/platform, the console belongs to src/cli', () => {
  expect(banned(sources)).toEqual([])
})

test('node-postgres itself comes from src/platform', () => {
  expect(pgValues(sources)).toEqual([])
})

test('no notes to self are left', () => {
  expect(leftovers(sources)).toEqual([])
})

test('docstrings begin with a noun or a verb', () => {
  expect(riddles(sources)).toEqual([])
})

test('no inner barrels', () => {
  expect(barrels(sources)).toEqual([])
})

test('types can be erased: no enums, no namespaces', () => {
  expect(unerasable(sources)).toEqual([])
})

describe('ARCHITECTURE.md', () => {
  const architecture = (): string => readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

  test('lists the folders that there are', () => {
    const others = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    const folders = new Set(sources.map((source) => folderOf(source.path)).filter((folder) => folder !== ''))
    expect(listedFolders(architecture(), others)).toEqual([...folders].toSorted())
  })

  test('gives them the ranks that are enforced', () => {
    const listed = listedRanks(architecture())
    expect(listed.size).toBeGreaterThan(0)
    expect([...listed].filter(([folder, rank]) => rank !== rankOf(folder))).toEqual([])
  })
})
