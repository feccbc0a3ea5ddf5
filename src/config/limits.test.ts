import { describe, expect, it } from 'vitest'
import { LONGEST_TIMER_MS, maxLagOf, spillOf, timeoutOption, type SpillLimit } from './limits.ts'

const MIB = 1024 * 1024

describe('a time', () => {
  it.each<[unknown, number]>([
    [undefined, 7],
    [1, 1],
    [0.5, 0.5],
    [LONGEST_TIMER_MS, LONGEST_TIMER_MS],
  ])('%s', (value, expected) => {
    expect(timeoutOption('readTimeoutMs', value, 7)).toBe(expected)
  })

  it.each([0, -1, Number.NaN, Infinity, LONGEST_TIMER_MS + 1, '100', null])('is not %s', (value) => {
    expect(() => timeoutOption('readTimeoutMs', value)).toThrow(/"readTimeoutMs" must be a number above 0/)
  })
})

describe('how far behind a replica may be', () => {
  it.each([
    [undefined, { ms: 10_000, bytes: 64 * MIB }],
    [{}, { ms: 10_000, bytes: 64 * MIB }],
    [{ ms: 5 }, { ms: 5, bytes: 64 * MIB }],
    [{ bytes: 5 }, { ms: 10_000, bytes: 5 }],
    [
      { ms: undefined, bytes: undefined },
      { ms: 10_000, bytes: 64 * MIB },
    ],
  ])('%o', (given, expected) => {
    expect(maxLagOf(given)).toEqual(expected)
  })

  it.each<[unknown, string]>([
    [null, '"maxLag" must be an object; received null'],
    [500, '"maxLag" must be an object; received 500'],
    [[500], '"maxLag" must be an object; received an array'],
    [{ ms: 0 }, '"maxLag.ms" must be a number above 0; received 0'],
    [{ bytes: -1 }, '"maxLag.bytes" must be a number above 0; received -1'],
    [{ ms: Infinity }, '"maxLag.ms" must be a number above 0; received Infinity'],
    [{ mb: 1 }, 'Unknown option "mb" of maxLag'],
  ])('is not %o', (given, message) => {
    expect(() => maxLagOf(given)).toThrow(message)
  })
})

describe('places on the primary for reads of replicas', () => {
  it.each<[string, unknown, number | undefined, SpillLimit]>([
    ['half of what node-postgres opens', undefined, undefined, { places: 5, over: 'wait' }],
    ['half of what may be opened', {}, 40, { places: 20, over: 'wait' }],
    ['rounded down', {}, 7, { places: 3, over: 'wait' }],
    ['but at least one', { share: 0.01 }, 10, { places: 1, over: 'wait' }],
    ['or none, if so said', { share: 0 }, 10, { places: 0, over: 'wait' }],
    ['or all', { share: 1 }, 10, { places: 10, over: 'wait' }],
    ['and who is over fails', { over: 'fail' }, 10, { places: 5, over: 'fail' }],
  ])('%s', (_name, given, max, expected) => {
    expect(spillOf(given, max === undefined ? {} : { max })).toEqual(expected)
  })

  it('takes the text of a number, as pg-pool does', () => {
    expect(spillOf({}, { max: '10' as unknown as number })).toEqual({ places: 5, over: 'wait' })
  })

  it.each([Symbol('max'), {}, () => 1])('are not a share of %s', (max) => {
    expect(() => spillOf({}, { max: max as unknown as number })).toThrow('"max" must be a number; received')
  })

  it.each<[unknown, string]>([
    [null, '"primarySpill" must be an object; received null'],
    [0.5, '"primarySpill" must be an object; received 0.5'],
    [{ share: 1.1 }, '"primarySpill.share" must be a number at least 0 and at most 1; received 1.1'],
    [{ share: -0.1 }, '"primarySpill.share" must be a number at least 0 and at most 1; received -0.1'],
    [{ over: 'drop' }, '"primarySpill.over" must be "wait" or "fail"; received "drop"'],
    [{ over: null }, '"primarySpill.over" must be "wait" or "fail"; received null'],
    [{ places: 1 }, 'Unknown option "places" of primarySpill'],
  ])('are not %o', (given, message) => {
    expect(() => spillOf(given, {})).toThrow(message)
  })
})
