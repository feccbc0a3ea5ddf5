import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  decodeToken,
  encodeToken,
  MAX_TOKEN_LENGTH,
  peekToken,
  type DecodeOptions,
  type TokenContent,
  type TokenRejection,
} from './token.ts'

const SECRET = 'correct horse battery staple'
const OTHER_SECRET = 'another secret of this length'
const NOW_MS = 1_790_000_000_000
const OPTIONS: DecodeOptions = { nowMs: NOW_MS, maxAheadMs: 60_000 }
const POSITION = { systemIdentifier: '7431020104113217551', timeline: 3, lsn: 0x16_b3748n }
const CONTENT: TokenContent = { kind: 'position', position: POSITION, expiresAtMs: NOW_MS + 30_000 }
const PRIMARY: TokenContent = { kind: 'primary', expiresAtMs: NOW_MS + 5000 }

const said: fc.Arbitrary<TokenContent> = fc.oneof(
  fc.record({
    kind: fc.constant('position' as const),
    position: fc.record({
      systemIdentifier: fc.bigInt(0n, 2n ** 64n - 1n).map(String),
      timeline: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      lsn: fc.bigInt(0n, 2n ** 64n - 1n),
    }),
    expiresAtMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seconds) => seconds * 1000),
  }),
  fc.record({
    kind: fc.constant('primary' as const),
    expiresAtMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seconds) => seconds * 1000),
  }),
)
const contents: fc.Arbitrary<TokenContent> = fc
  .tuple(said, fc.boolean())
  .map(([content, isUnshown]) => (isUnshown ? { ...content, isUnshown } : content))
const ALWAYS: DecodeOptions = { nowMs: -1, maxAheadMs: Infinity }

function rejection(text: string, options: Partial<DecodeOptions> = {}): TokenRejection | undefined {
  const decoded = decodeToken(text, { ...OPTIONS, ...options })
  return 'rejected' in decoded ? decoded.rejected : undefined
}

/** The text of a token with one byte of it changed. */
function withByte(text: string, index: number, change: (byte: number) => number): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[index] = change(bytes[index] ?? 0)
  return bytes.toString('base64url')
}

describe('a token', () => {
  it('says again what was put into it, signed or not', () => {
    fc.assert(
      fc.property(contents, fc.constantFrom(undefined, SECRET), (content, secret) => {
        const text = encodeToken(content, { secret })
        expect(decodeToken(text, { ...ALWAYS, secret })).toEqual({ token: content })
        expect(peekToken(text)).toEqual(content)
      }),
    )
  })

  it.each<readonly [what: string, content: TokenContent, secret: string | undefined, length: number]>([
    ['a position', CONTENT, undefined, 34],
    ['a signed position', CONTENT, SECRET, 55],
    ['the primary', PRIMARY, undefined, 7],
    ['the primary, signed', PRIMARY, SECRET, 28],
  ])('of %s is short, and safe in a URL', (_, content, secret, length) => {
    const text = encodeToken(content, { secret })
    expect(text).toHaveLength(length)
    expect(text).toMatch(/^[\w-]+$/)
    expect(length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH)
  })

  it('keeps its layout: other processes may run another release', () => {
    expect(encodeToken({ ...CONTENT, expiresAtMs: NOW_MS })).toBe('EWqxO4BnIElp2HRgDwAAAAMAAAAAAWs3SA')
    expect(encodeToken({ ...PRIMARY, expiresAtMs: NOW_MS })).toBe('EGqxO4A')
    expect(encodeToken({ ...PRIMARY, expiresAtMs: NOW_MS, isUnshown: true })).toBe('FGqxO4A')
    expect(encodeToken({ ...PRIMARY, expiresAtMs: NOW_MS }, { secret: SECRET })).toBe(
      'EmqxO4D78_UBNJUZjAIk6nxfJDH7',
    )
  })

  it('ends no sooner than it was told to', () => {
    const text = encodeToken({ kind: 'primary', expiresAtMs: NOW_MS + 1 })
    expect(rejection(text, { nowMs: NOW_MS + 1 })).toBeUndefined()
    expect(rejection(text, { nowMs: NOW_MS + 1000 })).toBe('expired')
  })
})

describe('a token is rejected when it', () => {
  const token = encodeToken(CONTENT)
  const signed = encodeToken(CONTENT, { secret: SECRET })
  const { systemIdentifier } = POSITION

  test.each<
    readonly [
      what: string,
      text: string,
      options: Partial<DecodeOptions>,
      expected: TokenRejection | undefined,
    ]
  >([
    ['is empty', '', {}, 'malformed'],
    ['is too short', token.slice(0, -1), {}, 'malformed'],
    ['is too long', `${token}AAAA`, {}, 'malformed'],
    ['has another version', withByte(token, 0, (byte) => byte + 0x10), {}, 'malformed'],
    ['has a flag that is not known', withByte(token, 0, (byte) => byte | 8), {}, 'malformed'],
    ['has padding', `${token}==`, {}, 'malformed'],
    ['has characters of plain Base64', token.replace(/.$/, '+'), {}, 'malformed'],
    ['has bits to spare that are set', `${encodeToken(PRIMARY).slice(0, -1)}B`, {}, 'malformed'],
    ['is unsigned where a secret is set', token, { secret: SECRET }, 'unsigned'],
    ['is signed with another secret', signed, { secret: OTHER_SECRET }, 'forged'],
    ['was changed', withByte(signed, 24, (byte) => byte - 1), { secret: SECRET }, 'forged'],
    ['is of another cluster', token, { systemIdentifier: '1' }, 'other-cluster'],
    ['has had its time', token, { nowMs: CONTENT.expiresAtMs }, 'expired'],
    [
      'is ahead of the primary',
      token,
      { primaryPosition: { timeline: 3, lsn: POSITION.lsn - 1n } },
      'ahead-of-primary',
    ],
    [
      'is on a timeline that the primary has not begun',
      token,
      { primaryPosition: { timeline: 2, lsn: 2n ** 60n } },
      'ahead-of-primary',
    ],
    [
      'was lost in a failover',
      token,
      { primaryPosition: { timeline: 4, lsn: POSITION.lsn - 1n } },
      'ahead-of-primary',
    ],
  ])('%s', (_, text, options, expected) => {
    expect(rejection(text, options)).toBe(expected)
  })

  test.each<readonly [what: string, text: string, options: Partial<DecodeOptions>]>([
    ['of this cluster', token, { systemIdentifier }],
    ['a moment before its end', token, { nowMs: CONTENT.expiresAtMs - 1 }],
    ['at the position of the primary', token, { primaryPosition: POSITION }],
    ['behind a failover that kept it', token, { primaryPosition: { timeline: 4, lsn: POSITION.lsn } }],
    ['signed', signed, { secret: SECRET }],
    ['signed, where no secret is set', signed, {}],
    ['of the primary, whatever the cluster', encodeToken(PRIMARY), { systemIdentifier: '1' }],
  ])('and not when it is %s', (_, text, options) => {
    expect(rejection(text, options)).toBeUndefined()
  })

  it('is checked for its signature before anything that it says', () => {
    const everything = { systemIdentifier: '1', nowMs: CONTENT.expiresAtMs, secret: OTHER_SECRET }
    expect(rejection(signed, everything)).toBe('forged')
  })
})

describe('time', () => {
  it('a token that claims to last longer than it may is cut short', () => {
    const text = encodeToken({ kind: 'primary', expiresAtMs: NOW_MS + 10_000_000 })
    expect(decodeToken(text, OPTIONS)).toEqual({
      token: { kind: 'primary', expiresAtMs: NOW_MS + OPTIONS.maxAheadMs },
    })
  })
})

describe('secrets', () => {
  const signed = (secret: string | readonly string[]): string => encodeToken(CONTENT, { secret })

  it('can be changed: the first signs, all verify', () => {
    expect(rejection(signed([SECRET, OTHER_SECRET]), { secret: SECRET })).toBeUndefined()
    expect(rejection(signed([SECRET, OTHER_SECRET]), { secret: OTHER_SECRET })).toBe('forged')
    expect(rejection(signed(SECRET), { secret: [OTHER_SECRET, SECRET] })).toBeUndefined()
    expect(rejection(signed(OTHER_SECRET), { secret: [OTHER_SECRET, SECRET] })).toBeUndefined()
  })

  it('an empty list of them believes nothing, and signs nothing', () => {
    expect(rejection(signed(SECRET), { secret: [] })).toBe('forged')
    expect(rejection(encodeToken(CONTENT), { secret: [] })).toBe('unsigned')
    expect(() => signed([])).toThrow('received an empty list')
  })
})

describe('arbitrary texts of a client', () => {
  it('any text is rejected or says something, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String()), (text) => {
        expect(['rejected', 'token']).toContain(Object.keys(decodeToken(text, OPTIONS))[0])
      }),
      { numRuns: 500 },
    )
  })

  it.each<readonly [what: string, value: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['a list', [encodeToken(CONTENT)]],
  ])('%s in place of text is malformed', (_, value) => {
    expect(rejection(value as string)).toBe('malformed')
  })

  it('a signed token that was changed anywhere says nothing', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), (content, at, mask) => {
        const text = encodeToken(content, { secret: SECRET })
        const index = at % Buffer.from(text, 'base64url').length
        const changed = withByte(text, index, (byte) => byte ^ mask)
        expect(decodeToken(changed, { ...ALWAYS, secret: SECRET })).toHaveProperty('rejected')
      }),
    )
  })

  it('a signed token whose text was changed, cut or added to says nothing', () => {
    const character = fc.base64String({ minLength: 4, maxLength: 4 }).map((text) => text.slice(0, 1))
    fc.assert(
      fc.property(contents, fc.nat(), character, fc.string(), (content, at, other, added) => {
        const text = encodeToken(content, { secret: SECRET })
        const index = at % text.length
        const changes = [
          `${text.slice(0, index)}${other}${text.slice(index + 1)}`,
          text.slice(0, index),
          text + added,
          added + text,
        ]
        for (const changed of changes) {
          if (changed === text) continue
          expect(decodeToken(changed, { ...ALWAYS, secret: SECRET })).toHaveProperty('rejected')
        }
      }),
    )
  })

  it('a signature is no use for another kind of token', () => {
    const signature = Buffer.from(encodeToken(CONTENT, { secret: SECRET }), 'base64url').subarray(25)
    const content = Buffer.from(encodeToken(PRIMARY), 'base64url')
    content[0] = (content[0] ?? 0) | 2
    expect(rejection(Buffer.concat([content, signature]).toString('base64url'), { secret: SECRET })).toBe(
      'forged',
    )
  })

  it('a megabyte of garbage is not read', () => {
    const megabyte = 'A'.repeat(1024 * 1024)
    const startedAtMs = performance.now()
    for (let i = 0; i < 1000; i++) decodeToken(megabyte, { ...OPTIONS, secret: SECRET })
    // Reading it even once takes about a millisecond.
    expect(performance.now() - startedAtMs).toBeLessThan(100)
  })
})
