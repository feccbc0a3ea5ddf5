import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { decide } from '../../src/statement/decide.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import { createNodeSqlParser } from '../../src/statement/node-sql-parser-parser.ts'
import type { SqlParser } from '../../src/statement/parser.ts'
import { textOnlyCatalog } from '../../src/statement/text-only-catalog.ts'

/**
 * Measures how long a new text blocks the event loop, by its kind and length, with either engine. Shows the longest and
 * the median of several runs, in milliseconds of processor time, and the judgement. `npm run bench:long-texts`
 */

const SIZES = [1024, 8192, 32_768, 65_536, 262_000]
const RUNS = 9

interface Kind {
  readonly open: string
  readonly item: (at: number) => string
  readonly separator?: string
  readonly close?: string
}

const KINDS: Readonly<Record<string, Kind>> = {
  'IN, numbers': { open: 'select * from t where id in (', item: String, close: ')' },
  'IN, strings': { open: 'select * from t where id in (', item: (i) => `'k${i}'`, close: ')' },
  'IN, parameters': { open: 'select * from t where id in (', item: (i) => `$${i + 1}`, close: ')' },
  'IN, pairs': { open: 'select * from t where (a, b) in (', item: (i) => `(${i}, 'x')`, close: ')' },
  ARRAY: { open: 'select * from t where id = any(array[', item: String, close: '])' },
  'rows of constants': { open: 'insert into t values ', item: (i) => `(${i}, 'label ${i}', null)` },
  'rows of parameters': { open: 'insert into t values ', item: (i) => `($${2 * i + 1}, $${2 * i + 2})` },
  'rows with calls': { open: 'insert into t values ', item: (i) => `(${i}, now(), f('${i}'))` },
  'rows joined': { open: 'select * from t, (values ', item: (i) => `(${i}, '${i}')`, close: ') v (a, b)' },
  columns: { open: 'select ', item: (i) => `"column_${i}" as "c${i}"`, close: ' from t' },
  'columns, short': { open: 'select ', item: () => 'a', close: ' from t' },
  calls: { open: 'select ', item: (i) => `f${i % 50}(a)`, close: ' from t' },
  'arguments of a call': { open: 'select jsonb_build_array(', item: String, close: ')' },
  ORs: { open: 'select * from t where ', item: (i) => `a = ${i}`, separator: ' or ' },
  CASE: { open: 'select case a', item: (i) => ` when ${i} then ${i}`, separator: '', close: ' end from t' },
  UNIONs: { open: '', item: (i) => `select ${i} as a`, separator: ' union all ' },
  'a sum': { open: 'select 1', item: () => '+1', separator: '' },
  statements: { open: '', item: (i) => `insert into t values (${i}, 'x')`, separator: '; ' },
  'a string': { open: "select '", item: () => 'x', separator: '', close: "'" },
  'a comment': { open: 'select 1 /* ', item: () => 'x', separator: '', close: ' */' },
  'a DO block': {
    open: 'do $$ begin ',
    item: (i) => `perform f(${i});`,
    separator: ' ',
    close: ' end $$',
  },
}

function textOf({ open, item, separator = ', ', close = '' }: Kind, size: number): string {
  const items: string[] = []
  for (let length = open.length + close.length, at = 0; ; at += 1) {
    const next = item(at)
    length += next.length + separator.length
    if (length > size) break
    items.push(next)
  }
  return open + items.join(separator) + close
}

const catalog = textOnlyCatalog(builtinCatalog)

function measured(parser: SqlParser, sql: string): string {
  let reason = ''
  const times: number[] = []
  for (let run = 0; run < RUNS; run += 1) {
    const before = process.cpuUsage()
    reason = decide(parser.analyze(sql), catalog).reason
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1000)
  }
  times.sort((a, b) => a - b)
  const [median = 0, longest = 0] = [times[RUNS >> 1], times.at(-1)]
  return `${longest.toFixed(1)} (${median.toFixed(1)}, ${reason})`
}

for (const parser of [createLibpgQueryParser(), createNodeSqlParser()]) {
  await parser.load()
  process.stdout.write(
    `\n${parser.name}: longest run (median, reason) of texts of ${SIZES.join(', ')} bytes\n`,
  )
  for (const [name, kind] of Object.entries(KINDS)) {
    const cells = SIZES.map((size) => measured(parser, textOf(kind, size)))
    process.stdout.write(`${name.padEnd(20)} ${cells.join('   ')}\n`)
  }
}
