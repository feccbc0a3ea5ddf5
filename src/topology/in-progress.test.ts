import { describe, expect, test } from 'vitest'
import { readInProgress } from './in-progress.ts'

describe('transactions that a primary has in progress', () => {
  test.each<[string, readonly (string | null)[] | undefined, readonly string[] | undefined]>([
    ['none', ['primary', null, '800', '0', 's1'], []],
    ['below the last one that has ended', ['primary', '799 795', '800', '0', 's1'], ['799', '795']],
    ['beyond it', ['primary', null, '4294967299', '2', 's1'], ['4294967299', '4294967300']],
    ['on both sides', ['primary', '795', '800', '1', 's1'], ['795', '800']],
    ['too many', ['primary', null, '800', '1001', 's1'], undefined],
    ['of a replica', ['replica', null, '800', '0', 's1'], undefined],
    ['of a server that does not say which it is', ['primary', null, '800', '0', null], undefined],
    ['no answer', undefined, undefined],
  ])('%s', (_name, row, ids) => {
    expect(readInProgress(row)).toEqual(ids && { ids, server: 's1' })
  })
})
