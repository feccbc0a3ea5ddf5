import { beforeEach, describe, expect, it } from 'vitest'
import { Beginnings } from './beginnings.ts'

let nowMs: number
let beginnings: Beginnings

beforeEach(() => {
  nowMs = 0
  beginnings = new Beginnings({ now: () => nowMs })
})

describe('beginnings of transactions', () => {
  it('are known by their text without constants, each kind for itself', () => {
    expect(beginnings.has('select 1', 'read-only')).toBe(false)
    beginnings.learn("select label from items where id = 1 and label = 'x'", 'read-only')
    expect(beginnings.has("select label from items where id = 23 and label = 'y'", 'read-only')).toBe(true)
    expect(beginnings.has("select label from items where id = 1 and label = 'x'", 'optimistic')).toBe(false)
    expect(beginnings.has('select label from items where id = 1', 'read-only')).toBe(false)
  })

  it('are forgotten ten minutes after they were learned last', () => {
    beginnings.learn('select a', 'optimistic')
    nowMs = 500_000
    expect(beginnings.has('select a', 'optimistic')).toBe(true)
    beginnings.learn('select a', 'optimistic')
    nowMs = 1_000_000
    expect(beginnings.has('select a', 'optimistic')).toBe(true)
    nowMs = 1_100_000
    expect(beginnings.has('select a', 'optimistic')).toBe(false)
  })

  it('are at most a thousand, the oldest going first', () => {
    for (let i = 0; i <= 1_000; i++) beginnings.learn(`select a${i}`, 'optimistic')
    expect(beginnings.has('select a0', 'optimistic')).toBe(false)
    expect(beginnings.has('select a1', 'optimistic')).toBe(true)
    expect(beginnings.has('select a1000', 'optimistic')).toBe(true)
  })
})
