import { beforeEach, describe, expect, it } from 'vitest'
import { Beginnings } from './beginnings.ts'

let nowMs: number
let beginnings: Beginnings

beforeEach(() => {
  nowMs = 0
  beginnings = new Beginnings({ now: () => nowMs })
})

const asked = (times: number): number => {
  let starts = 0
  for (let i = 0; i < times; i++) if (beginnings.has('select a', 'optimistic')) starts += 1
  return starts
}

describe('beginnings of transactions', () => {
  it('are known by their text without constants, each kind for itself', () => {
    expect(beginnings.has('select 1', 'read-only')).toBe(false)
    beginnings.failed("select label from items where id = 1 and label = 'x'", 'read-only')
    expect(beginnings.has("select label from items where id = 23 and label = 'y'", 'read-only')).toBe(true)
    expect(beginnings.has("select label from items where id = 1 and label = 'x'", 'optimistic')).toBe(false)
    expect(beginnings.has('select label from items where id = 1', 'read-only')).toBe(false)
  })

  it('are forgotten ten minutes after the last transaction that was observed', () => {
    beginnings.failed('select a', 'read-only')
    nowMs = 500_000
    beginnings.failed('select a', 'read-only')
    nowMs = 1_000_000
    expect(beginnings.has('select a', 'read-only')).toBe(true)
    nowMs = 1_100_000
    expect(beginnings.has('select a', 'read-only')).toBe(false)
    beginnings.moved('select a')
    nowMs = 1_699_999
    expect(asked(1)).toBe(1)
    nowMs = 1_700_000
    expect(asked(100)).toBe(0)
  })

  it('start on the primary where most have moved, except one in sixteen', () => {
    beginnings.moved('select a')
    expect(asked(160)).toBe(150)
    beginnings.stayed('select a')
    expect(asked(160)).toBe(0)
    for (let i = 0; i < 3; i++) beginnings.moved('select a')
    expect(asked(160)).toBe(150)
  })

  it('change their mind, however much was counted before', () => {
    for (let i = 0; i < 10_000; i++) beginnings.moved('select a')
    for (let i = 0; i < 100; i++) beginnings.stayed('select a')
    expect(asked(160)).toBe(0)
  })

  it('start on the primary for a moment after a failure, whatever the others do', () => {
    for (let i = 0; i < 10; i++) beginnings.stayed('select a')
    beginnings.failed('select a', 'optimistic')
    expect(asked(160)).toBe(160)
    nowMs = 10_000
    expect(asked(160)).toBe(0)
  })

  it('are remembered by a statement before their first read after a failure only', () => {
    beginnings.failed('show a', 'optimistic', false)
    expect(beginnings.has('show a', 'optimistic')).toBe(true)
    nowMs = 10_000
    expect(beginnings.has('show a', 'optimistic')).toBe(false)
  })

  it('are at most a thousand, the oldest going first', () => {
    for (let i = 0; i <= 1_000; i++) beginnings.failed(`select a${i}`, 'optimistic')
    expect(beginnings.has('select a0', 'optimistic')).toBe(false)
    expect(beginnings.has('select a1', 'optimistic')).toBe(true)
    expect(beginnings.has('select a1000', 'optimistic')).toBe(true)
  })
})
