import { describe, expect, it, test } from 'vitest'
import { FakeSessionPool } from '../../test/support/http-bench.ts'
import { MAX_TOKEN_LENGTH } from '../consistency/token.ts'
import { cookieText } from './cookie.ts'
import { resolveHttpOptions, type HttpOptions } from './options.ts'
import { sessionToken, tokenIn as tokenOf } from './request-token.ts'

const pool = new FakeSessionPool()

function tokenIn(
  headers: Readonly<Record<string, string | readonly string[]>>,
  options: Partial<HttpOptions> = {},
): string | undefined {
  return tokenOf(headers, resolveHttpOptions({ pool, ...options }).names)
}

describe('settings and role of a request', () => {
  const of = (options: Partial<HttpOptions<string>>): unknown =>
    resolveHttpOptions<string>({ pool, ...options }).sessionOf('7', undefined)

  test.each<readonly [options: Partial<HttpOptions<string>>, session: unknown]>([
    [{}, { token: undefined, settings: undefined, role: undefined }],
    [
      { settings: { 'app.a': 1 }, role: 'me' },
      { token: undefined, settings: { 'app.a': 1 }, role: 'me' },
    ],
    [
      { settings: (tenant) => ({ 'app.tenant': tenant }), role: (tenant) => `role ${tenant}` },
      { token: undefined, settings: { 'app.tenant': '7' }, role: 'role 7' },
    ],
    [
      { settings: () => undefined, role: () => undefined },
      { token: undefined, settings: undefined, role: undefined },
    ],
  ])('%j', (options, session) => {
    expect(of(options)).toEqual(session)
  })

  test.each<readonly [options: object, message: string]>([
    [{ settings: 'app.tenant' }, 'Option "settings" must be an object; received "app.tenant"'],
    [{ role: 7 }, 'Option "role" must be a string or a function; received 7'],
  ])('%j is refused', (options, message) => {
    expect(() => of(options)).toThrow(message)
  })
})

describe('the token of a request', () => {
  const both = { cookie: 'switchyard=c', 'x-switchyard-token': 'h' }

  test.each<
    readonly [
      what: string,
      headers: Readonly<Record<string, string | readonly string[]>>,
      options: Partial<HttpOptions>,
      token: string | undefined,
    ]
  >([
    ['none', {}, {}, undefined],
    ['in a cookie', { cookie: 'a=1; switchyard=c' }, {}, 'c'],
    ['in a header', { 'x-switchyard-token': 'h' }, {}, 'h'],
    ['the header comes first', both, {}, 'h'],
    ['unless it is empty', { ...both, 'x-switchyard-token': '' }, {}, 'c'],
    ['without a header', both, { header: false }, 'c'],
    ['without a cookie', both, { cookie: false }, 'h'],
    ['neither where it is looked for', { cookie: 'switchyard=c' }, { cookie: false }, undefined],
    ['in a cookie of another name', { cookie: 'switchyard=c; mine=m' }, { cookie: 'mine' }, 'm'],
    ['in a header of another name', { 'x-mine': 'm' }, { header: 'X-Mine' }, 'm'],
    ['in a list of headers', { 'x-switchyard-token': ['h', 'i'] }, {}, 'h'],
    ['an empty cookie', { cookie: 'switchyard=' }, {}, undefined],
    ['garbage is handed on as it came', { cookie: 'switchyard=<>"' }, {}, '<>"'],
  ])('%s', (_, headers, options, token) => {
    expect(tokenIn(headers, options)).toBe(token)
  })

  it('is what sessionToken returns, of both kinds of headers', () => {
    expect(sessionToken(both)).toBe('h')
    expect(sessionToken(new Headers(both), { header: false })).toBe('c')
    expect(sessionToken(new Headers())).toBeUndefined()
    expect(() => sessionToken({}, { cookie: 'a b' })).toThrow('Option "cookie" must be false or a name')
  })

  it('of a text that is too long, as much as shows it', () => {
    expect(tokenIn({ 'x-switchyard-token': 'A'.repeat(1024 * 1024) })).toHaveLength(MAX_TOKEN_LENGTH + 1)
    expect(tokenIn({ cookie: `switchyard=${'A'.repeat(1024 * 1024)}` })).toHaveLength(MAX_TOKEN_LENGTH + 1)
  })
})

describe('options', () => {
  test.each<readonly [options: unknown, code: string, message: string]>([
    [undefined, 'SWITCHYARD_INVALID_OPTION', 'Option "options" must be an object; received undefined'],
    [{}, 'SWITCHYARD_INVALID_OPTION', 'Option "pool" must be an object with a method "withSession"'],
    [{ pool: {} }, 'SWITCHYARD_INVALID_OPTION', 'with a method "withSession"; received an object'],
    [{ pool, cookies: 'a' }, 'SWITCHYARD_UNKNOWN_OPTION', 'Did you mean "cookie"?'],
    [{ pool, cookie: 'a b' }, 'SWITCHYARD_INVALID_OPTION', 'Option "cookie" must be false or a name'],
    [{ pool, cookie: true }, 'SWITCHYARD_INVALID_OPTION', 'received true'],
    [{ pool, header: '' }, 'SWITCHYARD_INVALID_OPTION', 'Option "header" must be false or a name'],
    [{ pool, header: 'a:b' }, 'SWITCHYARD_INVALID_OPTION', 'received "a:b"'],
    [{ pool, cookie: false, header: false }, 'SWITCHYARD_INVALID_OPTION', 'must not both be false'],
    [{ pool, holdMs: -1 }, 'SWITCHYARD_INVALID_OPTION', 'Option "holdMs" must be a number at least 0'],
    [{ pool, holdMs: '50' }, 'SWITCHYARD_INVALID_OPTION', 'received "50"'],
    [{ pool, holdMs: Infinity }, 'SWITCHYARD_INVALID_OPTION', 'received Infinity'],
    [{ pool, cookieAttributes: { path: 5 } }, 'SWITCHYARD_INVALID_OPTION', 'cookieAttributes.path'],
  ])('%j', (options, code, message) => {
    expect(() => resolveHttpOptions(options as HttpOptions)).toThrow(expect.objectContaining({ code }))
    expect(() => resolveHttpOptions(options as HttpOptions)).toThrow(message)
  })

  it('have defaults', () => {
    const resolved = resolveHttpOptions({ pool })
    expect(resolved.names).toEqual({ cookie: 'switchyard', header: 'x-switchyard-token' })
    expect(cookieText('a', 'b', resolved.attributes)).toBe('a=b; Path=/; HttpOnly; SameSite=Lax')
  })
})

describe('the token of a response', () => {
  const session = (
    answer: Promise<string>,
  ): Parameters<ReturnType<typeof resolveHttpOptions>['responseToken']>[0] => ({
    wrote: true,
    run: (fn) => fn(),
    token: () => answer,
  })

  it('is what the session says', async () => {
    expect(await resolveHttpOptions({ pool }).responseToken(session(Promise.resolve('abc')))).toBe('abc')
  })

  it('is none when it cannot be had', async () => {
    const { responseToken } = resolveHttpOptions({ pool })
    expect(await responseToken(session(Promise.reject(new Error('ended'))))).toBeUndefined()
    const broken = {
      wrote: true,
      run: <T>(fn: () => T): T => fn(),
      token: () => {
        throw new Error('broken')
      },
    }
    expect(await responseToken(broken)).toBeUndefined()
  })
})
