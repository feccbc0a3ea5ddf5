import { describe, expect, it } from 'vitest'
import { EVERYTHING } from '../../catalog/footprint.ts'
import type { Statement } from '../../statement/statement.ts'
import { renderLine } from '../demo/paint.ts'
import { asJson, reportLines } from './report.ts'
import { Tally } from './tally.ts'

const read = { kind: 'read', reason: 'select' } as const
const call = { kind: 'write', reason: 'function-volatile', offender: { text: 'price_of()' } } as const
const write = { kind: 'write', reason: 'data-modifying', offender: { text: 'INSERT' } } as const

function statementOf(some: Pick<Statement, 'kind' | 'reason' | 'offender'>): Statement {
  return { ...some, mayWrite: true, leavesSessionState: false, footprint: EVERYTHING, multiple: false }
}

function tallyOf(ms?: number): Tally {
  const tally = new Tally()
  const time = ms === undefined ? {} : { ms }
  tally.add({ traffic: { sql: 'select 1', calls: 6, ...time }, statement: statementOf(read) })
  for (const id of [1, 2]) {
    const traffic = { sql: `select price_of(${id})`, calls: 1, ...time }
    tally.add({ traffic, statement: statementOf(call), cause: 'function-volatile' })
  }
  tally.add({
    traffic: { sql: "insert into t values ('secret')", calls: 2, ...time },
    statement: statementOf(write),
    cause: 'data-modifying',
  })
  return tally
}

describe('the report', () => {
  it('as text', () => {
    const text = reportLines(tallyOf(), ['A note.'], 80)
      .map((line) => renderLine(line, false))
      .join('\n')
    expect(text).toBe(`60.0 % of 10 statements would leave the primary.
6 are proven reads; 100.0 % of these would run on replicas.

Statements that stay on the primary (40.0 %):

  20.0 % function-volatile
    It is labelled VOLATILE, so it may do anything.
    → If they only read, label them (ALTER FUNCTION … STABLE) or declare them
    readOnly: price_of()
      2 × select price_of(?)

  20.0 % data-modifying
    It changes data.
      2 × insert into t values (?)

Still unknown:
  - A note.`)
  })

  it('as JSON, with time where that is known of all', () => {
    expect(JSON.parse(asJson(tallyOf(5), []))).toMatchObject({
      statements: 10,
      replica: 6,
      share: 0.6,
      ms: 20,
      replicaMs: 5,
      timeShare: 0.25,
      reads: { statements: 6, replica: 6, ms: 5 },
      stays: [
        {
          cause: 'function-volatile',
          statements: 2,
          ms: 10,
          top: [{ sql: 'select price_of(?)', statements: 2 }],
        },
        { cause: 'data-modifying', freedBy: null },
      ],
    })
    const tally = tallyOf(5)
    tally.add({ traffic: { sql: 'select 1', calls: 1 }, statement: statementOf(read) })
    expect(JSON.parse(asJson(tally, []))).not.toHaveProperty('ms')
  })
})
