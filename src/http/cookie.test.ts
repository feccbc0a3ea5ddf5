import { describe, expect, it, test } from 'vitest'
import { checkAttributes, cookieText, readCookie, type CookieAttributes } from './cookie.ts'

function cookieWriter(name: string, attributes: unknown): (value: string) => string {
  const checked = checkAttributes(name, attributes)
  return (value) => cookieText(name, value, checked)
}

describe('readCookie', () => {
  test.each<readonly [header: string, value: string | undefined]>([
    ['switchyard=abc', 'abc'],
    ['a=1; switchyard=abc; b=2', 'abc'],
    ['a=1;switchyard = abc ;b=2', 'abc'],
    ['switchyard="abc"', 'abc'],
    ['switchyard=abc=def', 'abc=def'],
    ['switchyard=first; switchyard=second', 'first'],
    ['switchyard=', ''],
    ['notswitchyard=abc; switchyard2=abc; Switchyard=abc', undefined],
    ['switchyard', undefined],
    ['a=switchyard=abc', undefined],
    [';;; = ;', undefined],
    ['', undefined],
  ])('%j', (header, value) => {
    expect(readCookie(header, 'switchyard')).toBe(value)
  })
})

describe('cookieText', () => {
  test.each<readonly [attributes: CookieAttributes | undefined, text: string]>([
    [undefined, 's=abc; Path=/; HttpOnly; SameSite=Lax'],
    [{ secure: true }, 's=abc; Path=/; HttpOnly; SameSite=Lax; Secure'],
    [{ sameSite: 'None', secure: true }, 's=abc; Path=/; HttpOnly; SameSite=None; Secure'],
    [
      { path: '/app', domain: 'example.org', httpOnly: false, sameSite: 'Strict' },
      's=abc; Path=/app; Domain=example.org; SameSite=Strict',
    ],
  ])('%j', (attributes, text) => {
    expect(cookieWriter('s', attributes)('abc')).toBe(text)
  })

  test.each<readonly [attributes: unknown, message: string]>([
    ['Secure', 'Option "cookieAttributes" must be an object; received "Secure"'],
    [{ path: '/;' }, 'Option "cookieAttributes.path" must be a text of printable ASCII'],
    [{ path: '' }, 'received ""'],
    [{ domain: 'a\nb' }, 'Option "cookieAttributes.domain" must be a text of printable ASCII'],
    [{ domain: 5 }, 'received 5'],
    [{ httpOnly: 'yes' }, 'Option "cookieAttributes.httpOnly" must be true or false; received "yes"'],
    [{ secure: 1 }, 'Option "cookieAttributes.secure" must be true or false; received 1'],
    [{ sameSite: 'lax' }, 'must be "Strict", "Lax" or "None"; received "lax"'],
    [{ sameSite: 'None' }, 'Option "cookieAttributes.secure" must be true with sameSite "None"'],
  ])('%j is refused', (attributes, message) => {
    expect(() => cookieWriter('s', attributes)).toThrow(message)
    expect(() => cookieWriter('s', attributes)).toThrow(
      expect.objectContaining({ code: 'SWITCHYARD_INVALID_OPTION' }),
    )
  })

  it.each([
    [{ path: '/app' }, 'path'],
    [{ path: '' }, 'path'],
    [{ domain: 'example.com' }, 'domain'],
    [{ domain: 'example.com', path: '/' }, 'domain'],
  ])('a cookie named __Host-… with %j is refused', (attributes, option) => {
    for (const name of ['__Host-s', '__host-s']) {
      expect(() => cookieWriter(name, { secure: true, ...attributes })).toThrow(
        `Option "cookieAttributes.${option}" must be`,
      )
    }
    expect(cookieWriter('__Host-s', { secure: true, path: '/' })('v')).toContain('; Path=/;')
    expect(cookieWriter('__Secure-s', { secure: true, ...attributes, path: '/app' })('v')).toContain(
      'Path=/app',
    )
  })

  it.each(['__Host-s', '__Secure-s'])('a cookie named %s has to be secure', (name) => {
    expect(() => cookieWriter(name, {})).toThrow(`must be true with a cookie named "${name}"`)
    expect(cookieWriter(name, { secure: true })('abc')).toMatch(/; Secure$/)
  })

  it('an unknown attribute is refused, with the one that was meant', () => {
    expect(() => cookieWriter('s', { samesite: 'Lax' })).toThrow('Did you mean "sameSite"?')
  })
})
