import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { Tally } from './tally.ts'

describe('Tally', () => {
  it('counts answers, and the reads among them', () => {
    const tally = new Tally()
    tally.answered(true, 1)
    tally.answered(false, 2)
    expect([tally.queries, tally.reads, tally.latency.count]).toEqual([2, 1, 2])
  })

  it('counts each failed check, and keeps a few as examples', () => {
    const tally = new Tally()
    for (let i = 0; i < 7; i++) tally.checked(i % 2 === 0, i < 4 ? 'order' : 'profile', 12.4 * i)
    expect([tally.checks, tally.violations]).toEqual([7, 3])
    expect(tally.staleReads).toEqual([
      { what: 'order', afterMs: 12 },
      { what: 'order', afterMs: 37 },
      { what: 'profile', afterMs: 62 },
    ])
  })

  it('knows errors by kind, most frequent first, without what a server says of parameters', () => {
    const tally = new Tally()
    const refused = new DatabaseError('invalid input syntax for type integer: "secret"', 0, 'error')
    refused.code = '22P02'
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    for (const error of [refused, reset, reset, new Error('Connection terminated'), 'thrown text']) {
      tally.failed(error)
    }
    expect(tally.errors).toBe(5)
    expect(tally.kindsOfErrors).toEqual([
      ['ECONNRESET', 2],
      ['SQLSTATE 22P02', 1],
      ['Connection terminated', 1],
      ['not an Error', 1],
    ])
  })
})
