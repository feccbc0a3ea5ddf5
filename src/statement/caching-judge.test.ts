import { describe, expect, test } from 'vitest'
import { EVERYTHING } from '../catalog/footprint.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { createJudge } from './caching-judge.ts'
import type { Judge } from './judge.ts'
import type { Analysis, SqlParser } from './parser.ts'
import { read } from './verdict.ts'

interface Bench {
  readonly judge: Judge
  /** The texts that were parsed. */
  readonly parsed: string[]
  catalog: Catalog
}

interface Facts {
  readonly cacheBytes?: number
  readonly analysis?: Partial<Analysis>
  readonly fingerprint?: (sql: string) => string | undefined
}

function bench(facts: Facts = {}): Bench {
  const parsed: string[] = []
  const parser: SqlParser = {
    name: 'libpg-query',
    isLoaded: true,
    ...(facts.fingerprint && { fingerprint: facts.fingerprint }),
    load: async () => {},
    analyze: (sql) => {
      parsed.push(sql)
      const names = { functions: [], relations: [{ name: 'r' }], operators: [], types: [] }
      return { ...read('select'), ...names, multiple: false, ...facts.analysis }
    },
  }
  const table: Bench = {
    parsed,
    catalog: catalogOf(1),
    judge: createJudge({
      parser,
      catalog: () => table.catalog,
      cacheBytes: facts.cacheBytes ?? 100_000,
      maxSqlBytes: 1_000,
    }),
  }
  return table
}

function catalogOf(version: number, facts: Partial<Catalog> = {}): Catalog {
  return {
    version,
    source: 'loaded',
    standardConformingStrings: true,
    functionVerdict: () => 'harmless',
    relationVerdict: () => 'replicated',
    operatorVerdict: () => 'harmless',
    typeVerdict: () => 'harmless',
    ...facts,
  }
}

test('is ready when its parser is', async () => {
  const { judge } = bench()
  expect(judge.ready).toBe(false)
  await judge.load()
  expect(judge.ready).toBe(true)
})

test('gives the same statement for the same text, parsed once', () => {
  const { judge, parsed } = bench()
  const first = judge.judge('SELECT 1')
  expect(judge.judge(['SELECT', '1'].join(' '))).toBe(first)
  expect(parsed).toEqual(['SELECT 1'])
})

test('a new catalog decides again, without parsing', () => {
  const table = bench()
  const before = table.judge.judge('SELECT 1')
  table.catalog = catalogOf(2, { relationVerdict: () => 'unlogged' })
  const after = table.judge.judge('SELECT 1')
  expect([before.kind, after.kind, after.reason]).toEqual(['read', 'write', 'relation-unlogged'])
  expect(table.judge.judge('SELECT 1')).toBe(after)
  expect(table.parsed).toHaveLength(1)
})

describe('large texts', () => {
  test.each([
    ['ASCII at the limit', 'a'.repeat(1_000), 'select'],
    ['ASCII beyond it', 'a'.repeat(1_001), 'too-large'],
    ['two bytes a character, at the limit', 'é'.repeat(500), 'select'],
    ['two bytes a character, beyond it', 'é'.repeat(501), 'too-large'],
    ['four bytes a pair, at the limit', '🐘'.repeat(250), 'select'],
    ['four bytes a pair, beyond it', '🐘'.repeat(251), 'too-large'],
  ])('%s', (_, sql, reason) => {
    expect(bench().judge.judge(sql).reason).toBe(reason)
  })

  test('are neither parsed nor kept', () => {
    const { judge, parsed } = bench()
    const huge = `SELECT 1 WHERE 1 IN (${'1,'.repeat(5_000_000)}1)`
    const started = performance.now()
    expect(judge.judge(huge)).toMatchObject({ kind: 'write', reason: 'too-large', mayWrite: true })
    expect(performance.now() - started).toBeLessThan(50)
    expect(parsed).toEqual([])
  })

  test('are looked through for the words that matter to their connection', () => {
    const { judge } = bench()
    const huge = `set synchronous_commit to off; ${'select 1;'.repeat(1_000)}`
    expect(judge.judge(huge).reason).toBe('too-large')
    expect(judge.judge(huge).mentions).toEqual(['synchronous-commit'])
  })
})

test('forgets the text used longest ago when the bytes are spent', () => {
  const text = (i: number): string => `t${i}`.padEnd(900)
  // An entry takes a little more than two bytes for each of its characters.
  const { judge, parsed } = bench({ cacheBytes: 10 * 2_500 })
  for (let i = 0; i < 10; i++) judge.judge(text(i))
  judge.judge(text(0))
  for (let i = 10; i < 15; i++) judge.judge(text(i))
  parsed.length = 0
  judge.judge(text(0))
  expect(parsed).toEqual([])
  judge.judge(text(1))
  expect(parsed).toEqual([text(1)])
})

test('does not keep what could not be looked at', () => {
  const { judge, parsed } = bench({ analysis: { isProvisional: true } })
  judge.judge('SELECT 1')
  judge.judge('SELECT 1')
  expect(parsed).toHaveLength(2)
})

test('holds no more than its bytes, whatever it is given', () => {
  const { judge, parsed } = bench({ cacheBytes: 50_000 })
  for (let i = 0; i < 20_000; i++) judge.judge(`SELECT t${i} ${'x'.repeat(i % 900)}`)
  const last = parsed.length
  for (let i = 19_999; i > 19_980; i--) judge.judge(`SELECT t${i} ${'x'.repeat(i % 900)}`)
  expect(parsed.length - last).toBeLessThan(19)
})

describe('statements that a standby refused', () => {
  /** Texts of one first word have one shape. */
  function withShapes(analysis: Partial<Analysis> = {}): Bench & { readonly asked: string[] } {
    const asked: string[] = []
    const fingerprint = (sql: string): string | undefined => {
      asked.push(sql)
      return sql.split(' ')[0]
    }
    return Object.assign(bench({ analysis, fingerprint }), { asked })
  }

  test('is a write from then on, like all that has its shape, judged before or not', () => {
    const { judge } = withShapes({ hint: 'replica' })
    const other = judge.judge('b 1')
    expect([judge.judge('a 1').kind, judge.judge('a 2').kind]).toEqual(['read', 'read'])
    expect(judge.learn('a 1')).toMatchObject({ fingerprint: 'a' })
    for (const sql of ['a 1', 'a 2', 'a 3']) {
      expect(judge.judge(sql)).toEqual({
        kind: 'write',
        reason: 'refused-by-standby',
        hint: 'replica',
        mayWrite: true,
        leavesSessionState: true,
        leaves: ['unknown'],
        footprint: EVERYTHING,
        multiple: false,
      })
    }
    expect(judge.judge('b 1')).toEqual(other)
  })

  test('is told once, with the names that may be declared', () => {
    const { judge } = withShapes({
      functions: [
        { name: 'lower' },
        { name: 'touch' },
        { schema: 'pg_catalog', name: 'upper' },
        { schema: 'App', name: 'say "hi"' },
      ],
      relations: [{ name: 'pg_class' }, { schema: 'app', name: 'items' }],
    })
    expect(judge.learn('a 1')).toEqual({
      fingerprint: 'a',
      functions: ['touch', '"App"."say ""hi"""'],
      relations: ['app.items'],
    })
    expect(judge.learn('a 1')).toBeUndefined()
    expect(judge.learn('a 2')).toBeUndefined()
    expect(judge.learn('b 1')).toMatchObject({ fingerprint: 'b' })
  })

  test('costs no look at shapes before there is one, and one for each text afterwards', () => {
    const { judge, asked } = withShapes()
    for (const sql of ['a 1', 'b 1', 'a 1']) judge.judge(sql)
    expect(asked).toEqual([])
    judge.learn('c 1')
    asked.length = 0
    for (const sql of ['a 1', 'b 1', 'a 1', 'b 1']) judge.judge(sql)
    expect(asked).toEqual(['a 1', 'b 1'])
  })

  test('is not asked of what is no read anyway', () => {
    const table = withShapes({ kind: 'write', reason: 'ddl' })
    table.judge.learn('a 1')
    table.asked.length = 0
    expect(table.judge.judge('a 2').reason).toBe('ddl')
    expect(table.asked).toEqual([])
  })

  test('is forgotten when the database has changed', () => {
    const table = withShapes()
    table.judge.judge('a 1')
    table.judge.learn('a 1')
    expect(table.judge.judge('a 1').reason).toBe('refused-by-standby')
    table.catalog = catalogOf(2)
    expect(table.judge.judge('a 1').kind).toBe('read')
    expect(table.judge.learn('a 1')).toMatchObject({ fingerprint: 'a' })
  })

  test('is kept while the database is only asked whether it has changed', () => {
    const table = withShapes()
    table.judge.judge('a 1')
    table.catalog = catalogOf(0, { source: 'builtin', relationVerdict: () => 'pending' })
    table.judge.learn('a 1')
    expect(table.judge.judge('a 1').reason).toBe('catalog-pending')
    table.catalog = catalogOf(1)
    expect(table.judge.judge('a 1').reason).toBe('refused-by-standby')
  })

  test('is the exact text, where the parser tells no shapes; verdicts on others stay', () => {
    const { judge, parsed } = bench()
    judge.judge('a b')
    judge.judge('a c')
    expect(judge.learn('a b')).toEqual({ functions: [], relations: ['r'] })
    expect(judge.judge('a b').reason).toBe('refused-by-standby')
    expect(judge.judge('a c').kind).toBe('read')
    expect(parsed).toEqual(['a b', 'a c', 'a b'])
  })
})

describe('texts that differ in constants alone', () => {
  test('are parsed once, as long as they are reads', () => {
    const b = bench()
    b.judge.judge("select 1, 'a'")
    expect(b.judge.judge("select 22, 'b'").kind).toBe('read')
    expect(b.parsed).toEqual(["select 1, 'a'"])
    // Then it matters where in the text the cause stands.
    b.catalog = catalogOf(2, { relationVerdict: () => 'foreign' })
    expect(b.judge.judge("select 22, 'b'").reason).toBe('relation-foreign')
    expect(b.judge.judge("select 333, 'c'").reason).toBe('relation-foreign')
    expect(b.parsed).toEqual(["select 1, 'a'", "select 22, 'b'", "select 333, 'c'"])
  })

  test.each([
    ['write', { kind: 'write', reason: 'data-modifying' }],
    ['of another kind', { reason: 'explain' }],
    ['several', { multiple: true }],
    ['making settings', { settings: [] }],
  ] as const)('are parsed each where they are no plain reads: %s', (_name, analysis) => {
    const { judge, parsed } = bench({ analysis })
    judge.judge('a 1')
    judge.judge('a 2')
    expect(parsed).toEqual(['a 1', 'a 2'])
  })

  test('are writes, all of them, once one was refused by a standby', () => {
    const { judge } = bench({ fingerprint: () => 'shape' })
    judge.judge('a 1')
    judge.judge('a 2')
    judge.learn('a 1')
    expect(judge.judge('a 2').reason).toBe('refused-by-standby')
    expect(judge.judge('a 3').reason).toBe('refused-by-standby')
  })

  test('keep where things stand in each of them', () => {
    const { judge, parsed } = bench()
    judge.judge('a 1')
    judge.judge('a 22')
    judge.analysis('a 22')
    expect(parsed).toEqual(['a 1', 'a 22'])
  })
})
