import { beforeAll, expect, test } from 'vitest'
import { builtinCatalog } from '../../src/catalog/builtin-catalog.ts'
import { createJudge } from '../../src/statement/caching-judge.ts'
import { createLibpgQueryParser } from '../../src/statement/libpg-query-parser.ts'
import type { Statement } from '../../src/statement/statement.ts'
import { mutations } from './mutations.ts'
import { readOutcomes } from './outcomes.ts'

const judge = createJudge({
  parser: createLibpgQueryParser(),
  catalog: () => builtinCatalog,
  cacheBytes: 1_000_000,
  maxSqlBytes: 100_000,
})
beforeAll(() => judge.load())

/** True for an offender that stands outside of the text. */
function isMisplaced(sql: string, { offender }: Statement): boolean {
  if (offender?.position === undefined) return false
  return offender.position < 0 || offender.position >= sql.length
}

test('garbled texts are judged, each in its time, and leave the judge in order', () => {
  const texts = mutations(
    readOutcomes().map(({ sql }) => sql),
    5_000,
    11,
  )
  const before = process.memoryUsage().rss
  let slowestMs = 0
  const misplaced: string[] = []
  for (const sql of texts) {
    const started = performance.now()
    const statement = judge.judge(sql)
    slowestMs = Math.max(slowestMs, performance.now() - started)
    if (isMisplaced(sql, statement)) misplaced.push(sql)
  }
  expect(misplaced).toEqual([])
  expect(slowestMs).toBeLessThan(2_000)
  expect(process.memoryUsage().rss - before).toBeLessThan(400e6)
  expect(judge.judge('SELECT 1').kind).toBe('read')
  expect(judge.judge('DELETE FROM t').kind).toBe('write')
})
