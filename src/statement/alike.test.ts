import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtinCatalog } from '../catalog/builtin-catalog.ts'
import { createJudge } from './caching-judge.ts'
import type { Judge } from './judge.ts'
import { createLibpgQueryParser } from './libpg-query-parser.ts'
import type { SqlParser } from './parser.ts'

/** Holes are for constants. */
const TEMPLATES = [
  'select * from pg_class where oid = # and relname = #',
  'select # union all select # order by 1 limit #',
  'select generate_series(#, #), length(#)',
  'select set_config(#, #, #)',
  "select set_config('work_mem', #, true)",
  'explain (analyze #) select #',
  'select nextval(#)',
  'select pg_advisory_lock(#), #',
  'insert into t values (#, #)',
  'with w as (delete from t where a = # returning *) select * from w where b > #',
  'select # for update',
  'select #; select #',
  'set work_mem = #',
  "select date #, interval # day, U&# , e#, '\\'#",
  'select /* route: # */ # -- #',
  'select #::regclass, cast(# as float(#))',
] as const

const constant = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.string({ maxLength: 12 }).map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.constantFrom(
    "'off'",
    "'true'",
    "'search_path'",
    "''",
    'true',
    'null',
    '0',
    '1',
    "'; delete from t; --'",
  ),
  fc.string({ maxLength: 6 }),
)

const text = fc
  .tuple(fc.constantFrom(...TEMPLATES), fc.array(constant, { minLength: 4, maxLength: 4 }))
  .map(([template, constants]) => {
    let next = 0
    return template.replaceAll('#', () => constants[next++ % constants.length] ?? '')
  })

describe('texts that differ in constants alone', () => {
  let parser: SqlParser
  const judgeOf = (): Judge =>
    createJudge({ parser, catalog: () => builtinCatalog, cacheBytes: 10_000_000, maxSqlBytes: 100_000 })

  beforeAll(async () => {
    parser = createLibpgQueryParser()
    await parser.load()
  })

  it('are judged as if each were the only one', () => {
    const judge = judgeOf()
    const isAlone = (sql: string): void => {
      const alone = judgeOf().judge(sql)
      // The grammar refuses some constants, as in `float(0)`: so does every server.
      if (alone.reason !== 'unparseable') expect(judge.judge(sql)).toEqual(alone)
    }
    fc.assert(fc.property(text, isAlone), { numRuns: 3000 })
  })

  it('are parsed once', () => {
    let parsed = 0
    const counting: SqlParser = {
      name: parser.name,
      isLoaded: true,
      load: () => parser.load(),
      analyze: (sql) => {
        parsed += 1
        return parser.analyze(sql)
      },
    }
    const judge = createJudge({
      parser: counting,
      catalog: () => builtinCatalog,
      cacheBytes: 1_000_000,
      maxSqlBytes: 100_000,
    })
    for (let i = 0; i < 100; i++) {
      expect(judge.judge(`select relname from pg_class where oid = ${i} and relname <> 'x${i}'`).kind).toBe(
        'read',
      )
    }
    expect(parsed).toBe(1)
  })
})
