import { LONGEST_TIMER_MS } from '../config/limits.ts'
import { checkMethod, checkNames, checkObject, invalid, numberOption } from '../config/validate.ts'
import { MAX_TOKEN_LENGTH } from '../consistency/token.ts'
import { describe } from '../errors/describe.ts'
import { cookieWriter, readCookie, type CookieAttributes } from './cookie.ts'
import type { SessionPool, TokenSession } from './session-pool.ts'

/** Options of the HTTP middleware and handler, which carry sessions between a client and this server. */
export interface HttpOptions {
  readonly pool: SessionPool
  /** Name of the cookie with the token, or `false` for none. @defaultValue 'switchyard' */
  readonly cookie?: string | false
  /**
   * Name of the header with the token in requests and responses, or `false` for none. In a request it takes precedence
   * over the cookie. @defaultValue 'x-switchyard-token'
   */
  readonly header?: string | false
  readonly cookieAttributes?: CookieAttributes
  /**
   * How long the response of a request that wrote may be held until its position is known, in milliseconds. After that
   * its token sends reads to the primary for a while. @defaultValue 50
   */
  readonly holdMs?: number
}

/** Value of a header as `node:http` or `Headers` represent it. */
type HeaderValue = string | readonly string[] | null | undefined

/** Validated options with every default filled in. */
export interface ResolvedHttpOptions {
  readonly pool: SessionPool
  /** Returns the request's token without validation. A text that is too long is cut, but stays too long to be valid. */
  requestToken(header: (name: string) => HeaderValue): string | undefined
  /** Returns the token for the response. `undefined` when there is none or it is not available in time. */
  responseToken(session: TokenSession): Promise<string | undefined>
  /** Name of the header that carries the token. */
  readonly header: string | undefined
  /** Creates the `Set-Cookie` header that carries the token. */
  readonly setCookie: ((token: string) => string) | undefined
}

const OPTION_NAMES: ReadonlySet<string> = new Set(['pool', 'cookie', 'header', 'cookieAttributes', 'holdMs'])
/** A token of RFC 9110: syntax of the names of headers and cookies. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const DEFAULT_HOLD_MS = 50

/** Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`, naming the option. */
export function resolveHttpOptions(options: HttpOptions): ResolvedHttpOptions {
  checkObject('options', options)
  checkNames(options, OPTION_NAMES, 'the HTTP options')
  checkMethod('pool', options.pool, 'withSession')
  const cookie = nameOption('cookie', options.cookie, 'switchyard')
  const header = nameOption('header', options.header, 'x-switchyard-token')?.toLowerCase()
  if (cookie === undefined && header === undefined) {
    throw invalid('Options "cookie" and "header" must not both be false: the token needs one of them')
  }
  const holdMs = numberOption('holdMs', options.holdMs, DEFAULT_HOLD_MS, { min: 0, max: LONGEST_TIMER_MS })
  const setCookie = cookieWriter(cookie ?? '', options.cookieAttributes)
  return {
    pool: options.pool,
    requestToken(headerOf) {
      const cookies = cookie === undefined ? undefined : textOf(headerOf('cookie'))
      const fromHeader = header === undefined ? undefined : textOf(headerOf(header))
      const text = fromHeader ?? (cookie === undefined ? undefined : readCookie(cookies ?? '', cookie))
      return text === undefined || text === '' ? undefined : text.slice(0, MAX_TOKEN_LENGTH + 1)
    },
    async responseToken(session) {
      try {
        return await session.token({ timeoutMs: holdMs })
      } catch {
        // The request has succeeded, so its response is sent without a token.
        return undefined
      }
    },
    header,
    setCookie: cookie === undefined ? undefined : setCookie,
  }
}

function textOf(value: HeaderValue): string | undefined {
  const text = typeof value === 'string' ? value : value?.[0]
  return text === '' ? undefined : text
}

function nameOption(name: string, value: unknown, defaultValue: string): string | undefined {
  if (value === undefined) return defaultValue
  if (value === false) return undefined
  if (typeof value === 'string' && NAME.test(value)) return value
  throw invalid(
    `Option "${name}" must be false or a name of letters, digits and !#$%&'*+-.^_\`|~; received ${describe(value)}`,
  )
}
