import { LONGEST_TIMER_MS } from '../config/limits.ts'
import {
  checkMethod,
  checkNames,
  checkObject,
  checkPlainObject,
  invalid,
  numberOption,
} from '../config/validate.ts'
import { MAX_TOKEN_LENGTH } from '../consistency/token.ts'
import { describe } from '../errors/describe.ts'
import { cookieWriter, readCookie, type CookieAttributes } from './cookie.ts'
import type { RequestSession, RequestSettings, SessionPool, TokenSession } from './session-pool.ts'

/**
 * Options of the HTTP middleware and handler, which carry sessions between a client and this server.
 * @typeParam R Type of the requests.
 */
export interface HttpOptions<R = unknown> {
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
  /**
   * Settings of the statements of a request, such as its tenant, or a function that returns them: see the option `settings`
   * of a session. What the function throws, or wrong settings, fails the request before it is handled. @defaultValue none
   */
  readonly settings?: RequestSettings | ((request: R) => RequestSettings | undefined)
  /** Role of the statements of a request, or a function that returns it. @defaultValue that of the connections */
  readonly role?: string | ((request: R) => string | undefined)
}

/** Value of a header as `node:http` or `Headers` represent it. */
type HeaderValue = string | readonly string[] | null | undefined

/** Where a response carries its token. */
export interface TokenCarriers {
  /** Name of the header that carries the token. */
  readonly header: string | undefined
  /** Creates the `Set-Cookie` header that carries the token. */
  readonly setCookie: ((token: string) => string) | undefined
  /** Names of the headers of requests that carry tokens. */
  readonly vary: readonly string[]
}

/** Validated options with every default filled in. */
export interface ResolvedHttpOptions<R> extends TokenCarriers {
  readonly pool: SessionPool
  /**
   * Returns the options of the request's session. Its token is not validated: a text that is too long is cut, but stays
   * too long to be valid.
   */
  sessionOf(request: R, header: (name: string) => HeaderValue): RequestSession
  /** Returns the token for the response. `undefined` when there is none or it is not available in time. */
  responseToken(session: TokenSession): Promise<string | undefined>
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'pool',
  'cookie',
  'header',
  'cookieAttributes',
  'holdMs',
  'settings',
  'role',
])
/** A token of RFC 9110: syntax of the names of headers and cookies. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/
const DEFAULT_HOLD_MS = 50

/** Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`, naming the option. */
export function resolveHttpOptions<R>(options: HttpOptions<R>): ResolvedHttpOptions<R> {
  checkObject('options', options)
  checkNames(options, OPTION_NAMES, 'the HTTP options')
  checkMethod('pool', options.pool, 'withSession')
  const cookie = nameOption('cookie', options.cookie, 'switchyard')
  const header = nameOption('header', options.header, 'x-switchyard-token')?.toLowerCase()
  if (cookie === undefined && header === undefined) {
    throw invalid('Options "cookie" and "header" must not both be false: the token needs one of them')
  }
  const holdMs = numberOption('holdMs', options.holdMs, DEFAULT_HOLD_MS, { min: 0, max: LONGEST_TIMER_MS })
  const { role, settings } = options
  if (settings !== undefined && typeof settings !== 'function') checkPlainObject('settings', settings)
  if (role !== undefined && typeof role !== 'function' && typeof role !== 'string') {
    throw invalid(`Option "role" must be a string or a function; received ${describe(role)}`)
  }
  const setCookie = cookieWriter(cookie ?? '', options.cookieAttributes)
  return {
    pool: options.pool,
    sessionOf(request, headerOf) {
      const cookies = cookie === undefined ? undefined : textOf(headerOf('cookie'))
      const fromHeader = header === undefined ? undefined : textOf(headerOf(header))
      const text = fromHeader ?? (cookie === undefined ? undefined : readCookie(cookies ?? '', cookie))
      return {
        token: text === undefined || text === '' ? undefined : text.slice(0, MAX_TOKEN_LENGTH + 1),
        settings: typeof settings === 'function' ? settings(request) : settings,
        role: typeof role === 'function' ? role(request) : role,
      }
    },
    async responseToken(session) {
      try {
        return await session.token({ timeoutMs: holdMs, upToNow: true })
      } catch {
        // The request has succeeded, so its response is sent without a token.
        return undefined
      }
    },
    header,
    setCookie: cookie === undefined ? undefined : setCookie,
    vary: [cookie === undefined ? [] : 'Cookie', header ?? []].flat(),
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
