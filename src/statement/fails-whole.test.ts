import { expect, it } from 'vitest'
import { failsWhole } from './fails-whole.ts'
import { classify } from './classify.ts'

it.each<[string, boolean]>([
  ['insert into t values (1)', true],
  ['update t set a = 1', true],
  ['with w as (delete from t returning *) select * from w', true],
  ['select * from t for update', true],
  ['copy t from stdin', true],
  ["select nextval('s')", true],
  // It may have written over another connection.
  ['select unheard_of()', false],
  ['call p()', false],
  ['do $$ begin commit; end $$', false],
  ['insert into t values (1); select 1 / 0', false],
  ['insert into t values (1); commit; select 1 / 0', false],
  ['create index concurrently on t (a)', false],
  ['vacuum t', false],
  ['alter system set work_mem = 1', false],
  ['selec 1', false],
  // Of these, a failure says nothing by itself.
  ['commit', false],
  ["prepare transaction 'x'", false],
  ['set work_mem = 1', false],
  ['select 1', false],
])('%s', async (sql, expected) => {
  expect(failsWhole(await classify(sql))).toBe(expected)
})
