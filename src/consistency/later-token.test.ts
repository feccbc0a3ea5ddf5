import { expect, test } from 'vitest'
import { laterToken } from './later-token.ts'
import { encodeToken } from './token.ts'

const EXPIRES_AT_MS = 1_790_000_000_000

function position(timeline: number, lsn: bigint, systemIdentifier = '7431'): string {
  return encodeToken({
    kind: 'position',
    position: { systemIdentifier, timeline, lsn },
    expiresAtMs: EXPIRES_AT_MS,
  })
}

function primary(expiresAtMs: number): string {
  return encodeToken({ kind: 'primary', expiresAtMs })
}

const [near, far] = [position(1, 100n), position(1, 150n)]
const [early, late] = [primary(EXPIRES_AT_MS), primary(EXPIRES_AT_MS + 5000)]
const signed = encodeToken(
  {
    kind: 'position',
    position: { systemIdentifier: '7431', timeline: 1, lsn: 120n },
    expiresAtMs: EXPIRES_AT_MS,
  },
  { secret: 'correct horse battery staple' },
)

test.each<readonly [what: string, known: string, heard: string, kept: string]>([
  ['of two positions the farther one', near, far, far],
  ['in the other order too', far, near, far],
  ['signed or not', near, signed, signed],
  ['and in the other order', far, signed, far],
  ['of two timelines the newer one', far, position(2, 120n), position(2, 120n)],
  ['in the other order as well', position(2, 120n), far, position(2, 120n)],
  ['of two clusters what came later', far, position(1, 1n, '8'), position(1, 1n, '8')],
  ['of two times the later one', early, late, late],
  ['and never the earlier one', late, early, late],
  ['a write without a floor behind a position', far, early, early],
  ['a position behind a write without a floor', early, near, near],
  ['instead of garbage what is none', 'garbage', near, near],
  ['and no garbage instead of it', near, 'garbage', near],
])('%s', (_, known, heard, kept) => {
  expect(laterToken(known, heard)).toBe(kept)
})
