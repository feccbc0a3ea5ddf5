import { expect, test } from 'vitest'
import { classify } from '../../statement/classify.ts'
import { pieceOf } from './offending-piece.ts'

/** The piece to be underlined is between `«` and `»`. */
const cases: readonly string[] = [
  "SELECT «nextval»('s')",
  "SELECT «pg_catalog.nextval»('s')",
  'SELECT «"Shop" . "Price"»(1)',
  "SELECT 'nextval' AS nextval, «nextval»('s')",
  "SELECT '漢字 👩‍👩‍👧', «nextval»('s')",
  "/* nextval('s') */ -- nextval\nSELECT «nextval»('s')",
  'SELECT * FROM «pg_stat_activity» a',
  'SELECT * FROM «pg_catalog.pg_stat_activity»',
  'SELECT a «<~~>» b',
  'SELECT a «OPERATOR(app.<->)» b',
  "SELECT 'x'::«app.money»",
  "SELECT CAST('x' AS «money_of_ours»)",
  'SELECT a «INTO TEMP TABLE b» FROM c',
  'SELECT a «INTO UNLOGGED "B"» FROM c',
  'WITH x AS («INSERT INTO t» VALUES (1) RETURNING *) SELECT * FROM x',
  'WITH x AS («DELETE FROM ONLY s.t» RETURNING *) SELECT * FROM x',
  'WITH x AS («UPDATE t» SET a = 1 RETURNING *) SELECT * FROM x',
  '«INSERT» INTO t VALUES (1)',
  "SELECT 1 AS update; «update» t SET a = 'UPDATE'",
  'WITH x AS (SELECT 1) «DELETE» FROM t',
  '«TRUNCATE» t',
  'EXPLAIN ANALYZE «MERGE» INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE',
  'SELECT * FROM (SELECT * FROM t «FOR  NO\nKEY UPDATE») x',
  'SELECT * FROM t «for share» NOWAIT',
  'SELECT call FROM t; «CALL» p()',
  'SELECT 1 AS call; -- now\n«CALL» p()',
  'WITH x AS (SELECT delete FROM s) «DELETE» FROM t',
  "«DO» 'BEGIN END'",
  '«COPY» t FROM stdin',
  "COPY t TO «PROGRAM» 'x'",
  '«LOCK» TABLE t',
  '«REFRESH MATERIALIZED VIEW» v',
  '«ALTER SYSTEM» SET work_mem = 1',
]

test.each(cases)('%s', async (marked) => {
  const sql = marked.replace(/[«»]/g, '')
  const { offender } = await classify(sql)
  expect(offender).toBeDefined()
  const piece = offender && pieceOf(sql, offender)
  const shown =
    piece && `${sql.slice(0, piece.start)}«${sql.slice(piece.start, piece.end)}»${sql.slice(piece.end)}`
  expect(shown).toBe(marked)
})

test.each<readonly [sql: string, text: string, position: number | undefined]>([
  ['SELECT 1', 'FOR UPDATE', undefined],
  ["SELECT 'FOR UPDATE' -- FOR UPDATE", 'FOR UPDATE', undefined],
  ['SELECT 1', 'f()', 8],
  ['', 'f()', 0],
])('nothing where the text does not show it: %j, %j', (sql, text, position) => {
  expect(pieceOf(sql, position === undefined ? { text } : { text, position })).toBeUndefined()
})
