import { invalid } from '../config/validate.ts'
import { MAX_TOKEN_LENGTH } from '../consistency/token.ts'
import { describe } from '../errors/describe.ts'
import { readCookie } from './cookie.ts'

/**
 * Names of the cookie and the header that carry the token.
 *
 * @example
 * const names: TokenNames = { cookie: false, header: 'x-read-after' }
 */
export interface TokenNames {
  /** Name of the cookie with the token, or `false` for none. @defaultValue 'switchyard' */
  readonly cookie?: string | false
  /**
   * Name of the header with the token in requests and responses, or `false` for none. In a request it takes precedence
   * over the cookie. @defaultValue 'x-switchyard-token'
   */
  readonly header?: string | false
}

export interface CheckedNames {
  readonly cookie: string | undefined
  /** In lower case. */
  readonly header: string | undefined
}

/** Value of a header as `node:http` or `Headers` represent it. */
type HeaderValue = string | readonly string[] | null | undefined

/**
 * Headers of a request: an object with names in lower case, as Node.js has it, or `Headers`.
 *
 * @example
 * const headers: RequestHeaders = { 'x-switchyard-token': 'AQ…' }
 */
export type RequestHeaders = Pick<Headers, 'get'> | Readonly<Record<string, HeaderValue>>

/** A token of RFC 9110: syntax of the names of headers and cookies. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** Validates the names. */
export function checkTokenNames(names: TokenNames): CheckedNames {
  const cookie = nameOption('cookie', names.cookie, 'switchyard')
  const header = nameOption('header', names.header, 'x-switchyard-token')?.toLowerCase()
  if (cookie === undefined && header === undefined) {
    throw invalid('Options "cookie" and "header" must not both be false: the token needs one of them')
  }
  return { cookie, header }
}

/**
 * Returns the token that a request brings, for `pool.session({ token })`: where there is no response to carry a new
 * one, as with a WebSocket. It is not validated. `undefined` for none.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION`.
 * @example
 * const session = pool.session({ token: sessionToken(request.headers) })
 */
export function sessionToken(headers: RequestHeaders, names: TokenNames = {}): string | undefined {
  return tokenIn(headers, checkTokenNames(names))
}

export function tokenIn(headers: RequestHeaders, { cookie, header }: CheckedNames): string | undefined {
  const fromHeader = header === undefined ? undefined : textOf(headers, header)
  if (fromHeader !== undefined) return shortened(fromHeader)
  const cookies = cookie === undefined ? undefined : textOf(headers, 'cookie')
  return shortened(cookies === undefined || cookie === undefined ? undefined : readCookie(cookies, cookie))
}

/** Cuts a text that is too long, but so that it stays too long to be a token. `undefined` for an empty one. */
export function shortened(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text.slice(0, MAX_TOKEN_LENGTH + 1)
}

function textOf(headers: RequestHeaders, name: string): string | undefined {
  const value = isHeaders(headers) ? headers.get(name) : headers[name]
  const text = typeof value === 'string' ? value : value?.[0]
  return text === '' ? undefined : text
}

function isHeaders(headers: RequestHeaders): headers is Pick<Headers, 'get'> {
  return typeof headers.get === 'function'
}

function nameOption(name: string, value: unknown, defaultValue: string): string | undefined {
  if (value === undefined) return defaultValue
  if (value === false) return undefined
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalid(
    `Option "${name}" must be false or a name of letters, digits and !#$%&'*+-.^_\`|~; received ${describe(value)}`,
  )
}
