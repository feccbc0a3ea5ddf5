import fc from 'fast-check'
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

  it.each(['', '0', '/', '0/', 'x/1', '0/123456789', '0/1 '])(
    '%j is no LSN, which is not position zero',
    (text) => {
      expect(parseLsn(text)).toBeUndefined()
    },
  )
})

it('every position has one text and comes back from it', () => {
  const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(lsn, (position) => {
      expect(parseLsn(formatLsn(position))).toBe(position)
    }),
  )
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

  it('never goes forward, and back only over a header', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 40n }), (position) => {
        const reachable = withoutPageHeader(position)
        if (reachable === position) return
        expect([24n, 40n]).toContain(position - reachable)
        expect(reachable % 8192n).toBe(0n)
      }),
    )
  })

  it.each([
    [24n, 8192n, false],
    [40n, 16n * 1024n * 1024n, true],
  ])(
    'rounds down %s bytes behind every page start of its kind',
    (headerBytes, everyBytes, isSegmentStart) => {
      fc.assert(
        fc.property(fc.bigInt({ min: 1n, max: 1_000_000n }), (page) => {
          const start = page * everyBytes
          const isFirstOfSegment = start % (16n * 1024n * 1024n) === 0n
          fc.pre(isFirstOfSegment === isSegmentStart)
          expect(withoutPageHeader(start + headerBytes)).toBe(start)
        }),
      )
    },
  )
})
