import { beforeAll, expect, test } from 'vitest'
import { createLibpgQueryParser } from './libpg-query-parser.ts'

const parser = createLibpgQueryParser()
beforeAll(() => parser.load())

/** Candidates as `relation(column=value …)`. */
function candidates(sql: string): string {
  const { keys = [] } = parser.analyze(sql)
  return keys
    .map(({ name, schema, values }) => {
      const required = [...values].map(
        ([column, value]) =>
          `${column}=${'parameter' in value ? `$${value.parameter}` : value.isNumber ? value.literal : `'${value.literal}'`}`,
      )
      return `${schema === undefined ? '' : `${schema}.`}${name}(${required.join(' ')})`
    })
    .join(' ')
}

test.each<readonly [sql: string, found: string]>([
  ['SELECT * FROM t WHERE id = $1', 't(id=$1)'],
  ["SELECT * FROM s.t WHERE $1 = id AND (a = 'x' AND b = -5) AND c > 3", "s.t(id=$1 a='x' b=-5)"],
  ['SELECT * FROM t WHERE id = 0', 't(id=0)'],
  ['SELECT * FROM t WHERE id = 99999999999', 't(id=99999999999)'],
  ['SELECT * FROM t x, u WHERE x.id = $1 AND u.id = $2 AND t.a = $3', 't(id=$1) u(id=$2)'],
  ['SELECT * FROM t INNER JOIN u ON true JOIN v USING (a) WHERE v.id = $1', 'v(id=$1)'],
  ['SELECT * FROM t NATURAL JOIN u WHERE t.id = $1', 't(id=$1)'],
  ['SELECT * FROM t, generate_series(1, 3) g WHERE t.id = $1', 't(id=$1)'],
  ['SELECT * FROM t, generate_series(1, 3) g WHERE id = $1', ''],
  ['SELECT * FROM t TABLESAMPLE system (10) WHERE id = $1', ''],
  ['SELECT * FROM t WHERE s.t.id = $1', ''],
  ['SELECT * FROM t WHERE t.* = $1', ''],
  ['SELECT * FROM t WHERE id = true', ''],
  ['SELECT * FROM t WHERE id = NULL', ''],
  ["SELECT * FROM t WHERE id = B'1'", ''],
  ['SELECT * FROM t WHERE id OPERATOR(pg_catalog.=) $1', ''],
  ['SELECT * FROM t WHERE (id).a = $1', ''],
  ['SELECT * FROM t WHERE ids[1] = $1', ''],
  ['SELECT * FROM t WHERE id = $1 OR a = 1', ''],
  ['SELECT * FROM t WHERE NOT (id = $1 AND a = 1)', ''],
  ['SELECT * FROM t WHERE id IN ($1)', ''],
  ['SELECT * FROM t WHERE id = ANY ($1)', ''],
  ['SELECT * FROM t WHERE id IS NOT DISTINCT FROM $1', ''],
  ['UPDATE t SET a = 1 FROM u WHERE id = $1', ''],
  ['DELETE FROM t USING u LEFT JOIN v ON true WHERE t.id = $1', ''],
  // The same number is one parameter however it is spelled; one in a comment may be one.
  ['SELECT * FROM t WHERE id = $1 LIMIT $01', ''],
  ['SELECT * FROM t WHERE id = $1 /* $1 */', ''],
  ['SELECT * FROM t WHERE id = $1 AND a = $10', 't(id=$1 a=$10)'],
  ['SELECT * FROM t WHERE id = $1 AND a = $2 AND b IN ($2)', 't(id=$1)'],
  ['SELECT * FROM t, t u WHERE t.id = $1', ''],
  ['DELETE FROM t WHERE id = $1', 't(id=$1)'],
  ['DELETE FROM t x WHERE x.id = $1', 't(id=$1)'],
  ['DELETE FROM t x WHERE t.id = $1', ''],
  ['DELETE FROM t WHERE CURRENT OF c', ''],
  ['UPDATE t SET a = 1 WHERE id = $1', 't(id=$1)'],
  // Those of other relations are of no use to a write.
  ['UPDATE t SET a = u.a FROM u WHERE u.id = $1', ''],
  ['INSERT INTO t VALUES ($1, DEFAULT, 3)', 't(1=$1 3=3)'],
  ["INSERT INTO t (id, a[1]) VALUES ($1, 'x')", 't(id=$1)'],
  ['INSERT INTO t (id) VALUES ($1) RETURNING id', 't(id=$1)'],
  ['INSERT INTO t (id) TABLE u', ''],
])('%s: %s', (sql, found) => {
  expect(candidates(sql)).toBe(found)
})

test('a text of which parts were left out has no candidates', () => {
  const list = Array.from({ length: 2_000 }, (_, index) => `$${index + 2}`).join(', ')
  expect(candidates(`SELECT * FROM t WHERE id = $1 AND a IN (${list}, $1)`)).toBe('')
  expect(candidates(`SELECT * FROM t WHERE id = $1 AND a IN (${list})`)).toBe('')
})
