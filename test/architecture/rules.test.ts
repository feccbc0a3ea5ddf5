import { describe, expect, test } from 'vitest'
import { findCycles } from './cycles.ts'
import { listedFolders, listedRanks } from './folders.ts'
import { banned, barrels, leftovers, lineCount, pgValues, riddles, unerasable } from './house-rules.ts'
import { missingImports, rankViolations, undeclaredPackages } from './ranks.ts'
import { bagSizes, classSizes, oversized } from './sizes.ts'
import { parseSource, type Source } from './source.ts'

// The checks themselves, on sources that break the rules.

function sources(files: Readonly<Record<string, string>>): readonly Source[] {
  return Object.entries(files).map(([path, text]) => parseSource(path, text))
}

function importing(from: string, to: string): readonly string[] {
  return rankViolations(sources({ [from]: `import type { X } from '${to}'` }))
}

describe('ranks', () => {
  test.each<readonly [from: string, to: string]>([
    ['statement/judge.ts', './parser.ts'],
    ['statement/engines/wasm.ts', '../parser.ts'],
    ['statement/judge.ts', '../catalog/catalog.ts'],
    ['monitoring/probe.ts', '../topology/lsn.ts'],
    ['pool.ts', './client.ts'],
    ['pool.ts', './config/options.ts'],
    ['cli/main.ts', '../index.ts'],
    ['cli/demo.ts', '../test-cluster/index.ts'],
    ['test-cluster/cluster.ts', '../errors/error.ts'],
    ['statement/judge.test.ts', '../../test/helpers/clock.ts'],
  ])('%s may import %s', (from, to) => {
    expect(importing(from, to)).toEqual([])
  })

  test.each<readonly [from: string, to: string, path: string]>([
    ['catalog/catalog.ts', '../statement/judge.ts', 'statement/judge.ts'],
    ['catalog/catalog.ts', '../topology/node.ts', 'topology/node.ts'],
    ['errors/error.ts', '../platform/platform.ts', 'platform/platform.ts'],
    ['execution/run.ts', '../monitoring/probe.ts', 'monitoring/probe.ts'],
    ['monitoring/probe.ts', '../execution/run.ts', 'execution/run.ts'],
    ['statement/engines/wasm.ts', '../../routing/route.ts', 'routing/route.ts'],
    ['config/options.ts', '../pool.ts', 'pool.ts'],
    ['index.ts', './cli/main.ts', 'cli/main.ts'],
    ['pool.ts', './test-cluster/index.ts', 'test-cluster/index.ts'],
    ['test-cluster/cluster.ts', '../pool.ts', 'pool.ts'],
    ['test-cluster/cluster.ts', '../topology/lsn.ts', 'topology/lsn.ts'],
    ['statement/judge.ts', '../../test/helpers/clock.ts', '../test/helpers/clock.ts'],
    ['statement/judge.ts', './parser.test.ts', 'statement/parser.test.ts'],
    ['statement/judge.ts', '../helpers/text.ts', 'helpers/text.ts'],
  ])('%s may not import %s', (from, to, path) => {
    expect(importing(from, to)).toEqual([`${from} imports ${path}`])
  })

  test('a folder needs a rank', () => {
    expect(rankViolations(sources({ 'helpers/text.ts': '' }))).toEqual(['helpers/ has no rank'])
  })

  test('an import of a file that is not there', () => {
    const files = sources({ 'a.ts': `export { b } from './b.ts'\nexport { c } from './c.ts'`, 'b.ts': '' })
    expect(missingImports(files)).toEqual(['a.ts imports c.ts'])
  })

  test('packages have to be declared', () => {
    const text = `import 'pg'; import 'pg/lib/x.js'; import 'node:fs'; import 'pgx'; import './a.ts'`
    expect(undeclaredPackages(sources({ 'a.ts': text, 'a.test.ts': text }), ['pg'])).toEqual([
      'a.ts imports pgx',
    ])
  })
})

describe('cycles', () => {
  test('of one, two and three files, by types too', () => {
    const files = sources({
      'a.ts': `import './a.ts'`,
      'b.ts': `import type { C } from './c.ts'`,
      'c.ts': `export type B = import('./b.ts').B`,
      'd/d.ts': `import './e.ts'; import './g.ts'`,
      'd/e.ts': `export * from './f.ts'`,
      'd/f.ts': `import { d } from '../d/d.ts'`,
      'd/g.ts': `import './f.ts'`,
    })
    expect(findCycles(files)).toEqual([
      'a.ts → a.ts',
      'b.ts → c.ts → b.ts',
      'd/d.ts → d/e.ts → d/f.ts → d/d.ts',
    ])
  })

  test('two ways to the same file are none', () => {
    const files = sources({
      'a.ts': `import './b.ts'; import './c.ts'`,
      'b.ts': `import './c.ts'`,
      'c.ts': '',
    })
    expect(findCycles(files)).toEqual([])
  })
})

describe('house rules', () => {
  test.each<readonly [code: string, uses: string]>([
    ['const now = Date.now()', 'Date.now'],
    ['const now = Date.now', 'Date.now'],
    ['const now = new Date()', 'new Date()'],
    ['const now = +new Date()', 'new Date()'],
    ['list.sort(() => Math.random())', 'Math.random'],
    ['const start = performance.now()', 'performance'],
    ['const start = process.hrtime.bigint()', 'performance'],
    ['setTimeout(f, 1)', 'a timer'],
    ['globalThis.setInterval(f, 1)', 'a timer'],
    ['const later = setImmediate', 'a timer'],
    ['AbortSignal.timeout(5)', 'a timer'],
    ["console.log('x')", 'console'],
    ["import { setTimeout as sleep } from 'node:timers/promises'", 'node:timers/promises'],
  ])('%s', (code, uses) => {
    const violations = banned(sources({ 'pool.ts': code, 'platform/system.ts': code, 'cli/main.ts': code }))
    expect(violations).toContain(`pool.ts uses ${uses}`)
    expect(violations.filter((violation) => violation.startsWith('cli/'))).toEqual([])
  })

  test.each<readonly [code: string]>([
    ['const now = clock.now()'],
    ['const at = new Date(ms)'],
    ["const at = new Date('2026-01-01')"],
    ['timers.setTimeout(f, 1)'],
    ['this.#setTimeout(f, 1)'],
    ['// console.log, Date.now(), setTimeout'],
    ["const text = 'Math.random()'"],
    ['const consoles = 1'],
  ])('%s is no use of time, chance or console', (code) => {
    expect(banned(sources({ 'pool.ts': code }))).toEqual([])
  })

  test('only the command line writes to the console', () => {
    const code = "console.log('x')"
    expect(banned(sources({ 'platform/system.ts': code, 'test-cluster/index.ts': code }))).toEqual([
      'platform/system.ts uses console',
      'test-cluster/index.ts uses console',
    ])
  })

  test('notes to self', () => {
    const files = sources({
      'a.ts': '// TODO: x',
      'b.ts': 'a\n/* FIXME */',
      'c.ts': "const sql = 'table todo'",
    })
    expect(leftovers(files)).toEqual(['a.ts:1', 'b.ts:2'])
  })

  test('docstrings that begin with a question word', () => {
    const files = sources({
      'a.ts': '/** What it does. */\nconst a = 1\n\n/**\n * Whoever calls it.\n * Who else?\n */',
      'b.ts': '/** Whatever. */',
      'c.ts':
        '// What is not a docstring.\n/* Who */\n/** Tells what it does. Who cares? */\n/** Whole numbers. */',
    })
    expect(riddles(files)).toEqual(['a.ts:1', 'a.ts:5', 'b.ts:1'])
  })

  test('barrels', () => {
    const files = sources({
      'index.ts': '',
      'test-cluster/index.ts': '',
      'nodes/index.ts': '',
      'a/b/index.ts': '',
    })
    expect(barrels(files)).toEqual(['nodes/index.ts', 'a/b/index.ts'])
  })

  test('values of node-postgres', () => {
    const files = sources({
      'index.ts': `export { Client } from 'pg'`,
      'a.ts': `import type { Client } from 'pg'\nimport type {\n  Pool,\n} from 'pg'`,
      'b.ts': `import { Client, type ClientConfig } from 'pg'`,
      'c.ts': `import { x } from './x.ts'\nimport {\n  Pool,\n} from 'pg'`,
      'platform/pg.ts': `import pg from 'pg/lib/index.js'`,
    })
    expect(pgValues(files)).toEqual(['b.ts', 'c.ts'])
  })

  test('enums and namespaces', () => {
    const files = sources({
      'a.ts': 'export const enum A { B }',
      'b.ts': 'namespace A.B {\n}',
      'c.ts': '/** an enum A { B } */\nconst enumA = { namespace: 1 }',
    })
    expect(unerasable(files)).toEqual(['a.ts', 'b.ts'])
  })

  test('lines', () => {
    expect(lineCount(parseSource('a.ts', 'a\n\nb\n'))).toBe(3)
  })
})

describe('the list of folders', () => {
  test.each<readonly [name: string, markdown: string, folders: readonly string[]]>([
    [
      'a tree',
      '```\nsrc/\n  index.ts   names\n  config/    options\n  errors/\ntest/   more\n```',
      ['config', 'errors'],
    ],
    ['a drawn tree', '├── config/\n│   └── options.ts\n└── errors/', ['config', 'errors']],
    ['a list', '- `src/config/`: options\n* **errors/** codes', ['config', 'errors']],
    ['a table', '| folder | what |\n| --- | --- |\n| `config/` | … |\n| [errors](x) |', ['config']],
    ['files and prose', 'config/options.ts\nsee config/ for more\nconfig/*.ts\nand/or', []],
  ])('%s', (_, markdown, folders) => {
    expect(listedFolders(markdown, ['src', 'test'])).toEqual(folders)
  })

  test('with ranks', () => {
    const table =
      '| folder | rank |\n| --- | --- |\n| `errors/` | 0 | codes |\n| `cli/` | 11 | x |\n| `src/*.ts` | 10 | y |'
    expect([...listedRanks(table)]).toEqual([
      ['errors', 0],
      ['cli', 11],
    ])
  })
})

describe('sizes', () => {
  const classOf = (lines: string): Source => parseSource('a.ts', `class A<T> extends B {\n${lines}\n}\n`)

  test.each<readonly [member: string, lines: string, size: number]>([
    ['a field', '  readonly #a = 1', 1],
    ['a field of an arrow function', '  readonly a = (b: number): void => {\n    this.b = b\n  }', 1],
    ['a method', '  #a(\n    b: number,\n  ): void {\n    return b()\n  }', 1],
    ['a getter and its setter', '  get a(): T {\n    return 1\n  }\n\n  set a(b) {}', 1],
    ['a static method', '  static override async a<T>(): T {}', 1],
    ['a computed name', '  [Symbol.iterator](): void {}', 1],
    ['a generator', '  *a(): void {}', 1],
    ['a field without a value', '  a: number | undefined\n  b?: number\n  c', 3],
    ['a constructor, which is none', '  constructor(options: O) {\n    this.a = 1\n  }', 0],
    ['a comment', '  /** a: b */\n  // a()', 0],
    ['a static block', '  static {\n    a()\n  }', 0],
  ])('%s', (_member, lines, size) => {
    expect([...classSizes([classOf(lines)])]).toEqual([['a.ts A', size]])
  })

  test('a class in a function', () => {
    const text =
      'function f() {\n  class A {\n    a = 1\n    b() {}\n  }\n  return class extends A {\n    c = 1\n  }\n}\n'
    expect([...classSizes([parseSource('a.ts', text)])]).toEqual([
      ['a.ts A', 2],
      ['a.ts class', 1],
    ])
  })

  test('the parameter of a constructor, with what it extends, from another file', () => {
    const files = sources({
      'a/a.ts': `import type { Options } from '../b.ts'\nclass A {\n  constructor({ a }: Options) {}\n}\n`,
      'b.ts':
        'interface Base {\n  c(): void\n}\nexport interface Options extends Base {\n  readonly a: number\n  b?: A\n}\n',
    })
    expect([...bagSizes(files)]).toEqual([['b.ts Options', 3]])
  })

  test('an exception may shrink and not grow, and goes when it is not needed', () => {
    const sizes = new Map([
      ['a', 3],
      ['b', 5],
      ['c', 2],
      ['d', 3],
    ])
    expect(oversized(sizes, 2, { a: 4, b: 4, c: 4, gone: 4 })).toEqual([
      'b: 5 of at most 4',
      'd: 3 of at most 2',
      'c needs no exception any more',
      'gone needs no exception any more',
    ])
  })
})
