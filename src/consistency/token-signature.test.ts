import { createHmac } from 'node:crypto'
import { describe, expect, it, test } from 'vitest'
import { isSignedBy, secretsOf, signatureOf } from './token-signature.ts'

const SECRET = 'correct horse battery staple'
const CONTENT = Buffer.from('content')

describe('a signature', () => {
  it('is HMAC-SHA-256 of the purpose and the content, cut to 16 bytes', () => {
    const expected = createHmac('sha256', SECRET).update('pg-switchyard token\0content').digest('hex')
    expect(Buffer.from(signatureOf(CONTENT, SECRET)).toString('hex')).toBe(expected.slice(0, 32))
  })

  it('holds for its content and its secret alone', () => {
    const signature = signatureOf(CONTENT, SECRET)
    expect(isSignedBy(CONTENT, signature, SECRET)).toBe(true)
    expect(isSignedBy(CONTENT, signature, [`${SECRET}.`, SECRET])).toBe(true)
    expect(isSignedBy(CONTENT, signature, `${SECRET}.`)).toBe(false)
    expect(isSignedBy(Buffer.from('content.'), signature, SECRET)).toBe(false)
  })
})

describe('the secrets of an option', () => {
  it('are a list', () => {
    expect(secretsOf('tokens.secret', SECRET)).toEqual([SECRET])
    expect(secretsOf('tokens.secret', [SECRET, `${SECRET}.`])).toEqual([SECRET, `${SECRET}.`])
  })

  test.each<readonly [value: unknown, received: string]>([
    ['hunter2', 'a text of 7 characters'],
    ['', 'a text of 0 characters'],
    [[SECRET, 'hunter2'], 'a text of 7 characters'],
    [[], 'an empty list'],
    [undefined, 'undefined in place of text'],
    [null, 'null'],
    [7, 'number in place of text'],
  ])('%j is refused', (value, received) => {
    expect(() => secretsOf('tokens.secret', value)).toThrow(
      expect.objectContaining({
        code: 'SWITCHYARD_INVALID_OPTION',
        message: `Option "tokens.secret" must be a text of at least 16 characters, or a list of such; received ${received}`,
      }),
    )
  })
})
