import { expect, test } from 'vitest'
import { summaryOf } from './summary.ts'

test.each<[sql: string, text: string, collection?: string]>([
  ['select 1', 'SELECT'],
  ['SELECT * FROM wuser_table', 'SELECT wuser_table', 'wuser_table'],
  ['select * from songs, artists as a where a.x = 1', 'SELECT songs artists'],
  ['select * from only public.songs s join "Artists" a on a.id = s.a', 'SELECT public.songs "Artists"'],
  ['select a from (select b from inner_t) t, other', 'SELECT SELECT inner_t other'],
  [
    'with x as (select 1 from t), y as (delete from u returning *) select * from x',
    'SELECT t DELETE u SELECT x',
  ],
  ['with x as (select 1 from t) update u set a = 1 from x', 'SELECT t UPDATE u x'],
  ['insert into shipping.orders (a, b) select c, d from drafts', 'INSERT shipping.orders SELECT drafts'],
  ["insert into t values ('secret') on conflict do update set a = 1", 'INSERT t', 't'],
  ['update t set a = 1 where b = 2', 'UPDATE t', 't'],
  ['delete from t using u where t.a = u.a', 'DELETE t u'],
  ['merge into t using s on t.a = s.a when matched then update set b = 1', 'MERGE t s'],
  ['select extract(year from created) from t', 'SELECT t', 't'],
  ['select a is distinct from b from t', 'SELECT t', 't'],
  ['select * from generate_series(1, 10) g, t', 'SELECT t', 't'],
  ['select * from t where a in (select b from u) order by c', 'SELECT t SELECT u'],
  ['select 1 from t union all select 2 from u', 'SELECT t SELECT u'],
  ['select * from t for update', 'SELECT t', 't'],
  ['create table if not exists s.t (a int)', 'CREATE TABLE s.t', 's.t'],
  ['drop index concurrently i', 'DROP INDEX i', 'i'],
  ['explain (analyze) select * from t', 'EXPLAIN SELECT t', 't'],
  ['explain analyze select * from t', 'EXPLAIN SELECT t', 't'],
  ['copy t (a, b) to stdout', 'COPY t', 't'],
  ['call charge(1)', 'CALL charge', 'charge'],
  ['begin; select 1 from t; commit', 'BEGIN SELECT t COMMIT', 't'],
  ["set my.secret = 'x'", 'SET'],
  ['/* from a */ select 1 -- from b\nfrom c', 'SELECT c', 'c'],
  ['', ''],
  ["select 'a\\' from secret", 'SELECT'],
])('%s', (sql, text, collection) => {
  expect(summaryOf(sql)).toMatchObject({ text, collection })
})

test('has at most 255 characters', () => {
  const names = Array.from({ length: 100 }, (_, index) => `table_${index}`)
  const { text } = summaryOf(`select * from ${names.join(', ')}`)
  expect(text.length).toBeLessThanOrEqual(255)
  expect(text).toMatch(/^SELECT table_0 table_1 .* table_\d+$/)
})
