import { describe, expect, it } from 'vitest'
import { formatLsn, parseLsn, withoutPageHeader } from './lsn.ts'

describe('parseLsn', () => {
  it.each([
    ['0/0', 0n],
    ['0/16B3748', 0x16b3748n],
    ['A/FFFFFFFF', 0xaffffffffn],
    ['16/b374d848', 0x16b374d848n],
  ])('%s', (text, lsn) => {
    expect(parseLsn(text)).toBe(lsn)
    expect(parseLsn(formatLsn(lsn))).toBe(lsn)
  })

  it.each(['', '0', '/', '0/', 'x/1', '0/123456789', '0/1 '])('%j is no LSN, which is not position zero', (text) => {
    expect(parseLsn(text)).toBeUndefined()
  })
})

describe('withoutPageHeader', () => {
  it.each([
    ['behind a page header', '0/5384018', '0/5384000'],
    ["behind the header of a segment's first page", '0/5000028', '0/5000000'],
    ['24 bytes into a first page is inside its header, not behind it', '0/5000018', '0/5000018'],
    ['40 bytes into an ordinary page is a record', '0/5384028', '0/5384028'],
    ['a page start', '0/5384000', '0/5384000'],
    ['the middle of a page', '0/5384100', '0/5384100'],
  ])('%s', (_name, insert, reachable) => {
    expect(formatLsn(withoutPageHeader(parseLsn(insert) ?? -1n))).toBe(reachable)
  })
})
