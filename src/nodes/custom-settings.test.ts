import type { PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { CustomSettings, NO_NAMES } from './custom-settings.ts'

const A: ReadonlySet<string> = new Set(['a.a'])
const BOTH: ReadonlySet<string> = new Set(['a.a', 'b.b'])

test('a connection suits those who set what is left on it', () => {
  const custom = new CustomSettings()
  const client = {} as PoolClient
  const fresh = {} as PoolClient
  expect([custom.isUsed, custom.suitability(client, NO_NAMES), custom.suitability(client, A)]).toEqual([
    false,
    2,
    2,
  ])
  expect(custom.unknown(client, A)).toEqual(['a.a'])
  custom.mark(client, A)
  expect(custom.isUsed).toBe(true)
  expect([NO_NAMES, A, BOTH].map((names) => custom.suitability(client, names))).toEqual([0, 2, 1])
  expect([NO_NAMES, A, BOTH].map((names) => custom.suitability(fresh, names))).toEqual([2, 1, 1])
  expect(custom.unknown(client, BOTH)).toEqual(['b.b'])
  custom.mark(client, BOTH)
  expect([NO_NAMES, A, BOTH].map((names) => custom.suits(client, names))).toEqual([false, false, true])
})

test('a setting that had a value before is not left', () => {
  const custom = new CustomSettings()
  const client = {} as PoolClient
  custom.mark(client, A)
  custom.hadValue(client, 'a.a')
  custom.mark(client, A)
  expect([NO_NAMES, A].map((names) => custom.suitability(client, names))).toEqual([2, 2])
  expect(custom.unknown(client, A)).toEqual([])
})
