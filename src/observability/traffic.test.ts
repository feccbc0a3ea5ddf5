import { expect, test } from 'vitest'
import type { Route } from '../routing/route.ts'
import type { Statement, StatementReason } from '../statement/statement.ts'
import { WITHOUT_TEXT } from '../statement/without-text.ts'
import { Traffic } from './traffic.ts'

const REPLICA: Route = { role: 'replica', reason: 'read', freshness: {} }
const PRIMARY: Route = { role: 'primary', reason: 'not-a-read' }

function read(): Statement {
  return { ...WITHOUT_TEXT, kind: 'read', reason: 'select', mayWrite: false }
}

function write(reason: StatementReason, offender?: string): Statement {
  const statement: Statement = { ...WITHOUT_TEXT, kind: 'write', reason }
  return offender === undefined ? statement : { ...statement, offender: { text: offender } }
}

test('the share of all SELECT statements that replicas run, and why the primary runs the others', () => {
  const traffic = new Traffic()
  for (let at = 0; at < 6; at += 1) traffic.decided(read(), 'select 1 from t', REPLICA)
  const volatile = write('function-volatile', 'f()')
  for (let id = 0; id < 3; id += 1) traffic.decided(volatile, `select f(${id})`, PRIMARY)
  traffic.decided(read(), 'select 2 from t', { role: 'primary', reason: 'in-transaction' })
  const { offload, onPrimary, selects } = traffic.report()
  expect({ offload, selects }).toEqual({ offload: 0.6, selects: 10 })
  expect(onPrimary).toEqual([
    {
      reason: 'function-volatile',
      count: 3,
      statements: [
        {
          sql: 'select f(?)',
          count: 3,
          advice: 'If f() writes nothing, label it STABLE or declare it as "readOnly"',
        },
      ],
    },
    expect.objectContaining({ reason: 'in-transaction', count: 1 }),
  ])
})

test('a statement that is no SELECT is no read that the primary keeps', () => {
  const traffic = new Traffic()
  traffic.decided(write('data-modifying'), 'update t set a = 1', PRIMARY)
  traffic.decided(
    write('function-volatile', 'f()'),
    'with x as (delete from t returning *) select f() from x',
    PRIMARY,
  )
  traffic.decided(write('function-volatile', 'f()'), 'insert into t select f()', PRIMARY)
  traffic.decided({ ...WITHOUT_TEXT, kind: 'transaction', reason: 'begin' }, 'begin', PRIMARY)
  traffic.decided({ ...read(), reason: 'explain' }, 'explain select 1', REPLICA)
  expect(traffic.report()).toMatchObject({ selects: 0, offload: 0, onPrimary: [] })
})

test('a text that cannot be judged counts by its first word', () => {
  const traffic = new Traffic()
  const unparseable = write('unparseable')
  traffic.decided(unparseable, 'select frm t', PRIMARY)
  traffic.decided(unparseable, 'updat t', PRIMARY)
  expect(traffic.report()).toMatchObject({ selects: 1, onPrimary: [{ reason: 'unparseable', count: 1 }] })
})

test('a read that the primary runs in place of a replica, or behind its refusal', () => {
  const traffic = new Traffic()
  for (let at = 0; at < 4; at += 1) traffic.decided(read(), 'select 1', REPLICA)
  traffic.spilled('sooner', read(), 'select 1')
  traffic.repaired('statement', read(), 'select 1')
  const { offload, onPrimary, repairs, spills } = traffic.report()
  expect({ offload, repairs, spills }).toEqual({
    offload: 0.5,
    repairs: { statement: 1 },
    spills: { sooner: 1 },
  })
  expect(onPrimary.map(({ reason }) => reason)).toEqual(['sooner', 'refused-by-standby'])
})

test('shows the most frequent statements of a reason, and keeps a bounded number of them', () => {
  const traffic = new Traffic()
  for (let at = 0; at < 2_000; at += 1) {
    for (const sql of [`select f() from t${at}`, 'select f() from often'])
      traffic.decided(write('function-volatile', 'f()'), sql, PRIMARY)
  }
  const [kept] = traffic.report().onPrimary
  expect(kept?.count).toBe(4_000)
  expect(kept?.statements).toHaveLength(5)
  expect(kept?.statements[0]).toMatchObject({ sql: 'select f() from often', count: 2_000 })
})

test('holds no constant of a statement', () => {
  const traffic = new Traffic()
  traffic.decided(write('function-volatile', 'f()'), "select f('secret'), 4111 -- secret", PRIMARY)
  expect(JSON.stringify(traffic.report())).not.toMatch(/secret|4111/)
})

test('waits, retries and latencies', () => {
  const traffic = new Traffic()
  traffic.waited('catch-up', 4)
  traffic.waited('catch-up', 6)
  traffic.retried('node')
  traffic.answered('a', 2)
  traffic.answered('b', 2)
  traffic.retain(new Set(['a']))
  const { latencies, retries, waits } = traffic.report()
  expect({ retries, waits }).toEqual({
    retries: { node: 1 },
    waits: { 'catch-up': { count: 2, totalMs: 10 } },
  })
  expect(Object.keys(latencies)).toEqual(['a'])
  expect(latencies['a']).toMatchObject({ count: 1, sumMs: 2 })
})
