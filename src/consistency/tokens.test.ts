import { describe, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import type { Position } from './position.ts'
import { Tokens } from './tokens.ts'

const position: Position = { systemIdentifier: '7000', timeline: 1, lsn: 9n }
const TTL_MS = 60_000
const WINDOW_MS = 2000

function tokens(platform: FakePlatform, secret?: string): Tokens {
  return new Tokens({ platform, secret, ttlMs: TTL_MS, windowMs: WINDOW_MS })
}

describe('Tokens', () => {
  it('writes of one are read by another one', () => {
    const platform = new FakePlatform()
    const text = tokens(platform).write(position, true)
    expect(tokens(platform).read(text, '7000')).toMatchObject({ token: { kind: 'position', position } })
    expect(tokens(platform).read(text, undefined)).toMatchObject({ token: { position } })
    expect(tokens(platform).read(text, '1')).toEqual({ rejected: 'other-cluster' })
  })

  it.each([
    ['a position', position, TTL_MS],
    ['the primary', undefined, WINDOW_MS],
  ] as const)('a token of %s is good for its time', async (_name, given, goodForMs) => {
    const platform = new FakePlatform()
    const text = tokens(platform).write(given, true)
    await platform.advance(goodForMs - 1)
    expect(tokens(platform).read(text, '7000')).toHaveProperty('token')
    // It counts in whole seconds, and rounds up.
    await platform.advance(1001)
    expect(tokens(platform).read(text, '7000')).toEqual({ rejected: 'expired' })
  })

  it('with a secret it believes what is signed with it', () => {
    const platform = new FakePlatform()
    const [first, other] = [
      'a secret of at least thirty-two bytes',
      'another one of at least thirty-two bytes',
    ]
    const text = tokens(platform, first).write(position, true)
    expect(tokens(platform, first).read(text, '7000')).toHaveProperty('token')
    expect(tokens(platform, other).read(text, '7000')).toEqual({ rejected: 'forged' })
    expect(tokens(platform, other).read(tokens(platform).write(position, true), '7000')).toEqual({
      rejected: 'unsigned',
    })
  })

  it('gives a moment on the wall by the own clock', () => {
    const platform = new FakePlatform()
    expect(tokens(platform).onOwnClock(platform.wallNowMs() + 500)).toBe(platform.now() + 500)
  })
})
