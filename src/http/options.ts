import { LONGEST_TIMER_MS } from '../config/limits.ts'
import {
  checkMethod,
  checkNames,
  checkObject,
  checkPlainObject,
  invalid,
  numberOption,
} from '../config/validate.ts'
import { describe } from '../errors/describe.ts'
import { checkAttributes, type CheckedAttributes, type CookieAttributes } from './cookie.ts'
import { checkTokenNames, shortened, type CheckedNames, type TokenNames } from './request-token.ts'
import type { RequestSession, RequestSettings, SessionPool, TokenSession } from './session-pool.ts'

/**
 * Options of the HTTP middleware and handler, which carry sessions between a client and this server.
 * @typeParam R Type of the requests.
 * @example
 * const options: HttpOptions = { pool, cookie: 'shop', holdMs: 100 }
 */
export interface HttpOptions<R = unknown> extends TokenNames {
  /** Pool that has the sessions. */
  readonly pool: SessionPool
  /** Attributes of the cookie with the token. @defaultValue `path: '/'`, `httpOnly`, `sameSite: 'Lax'` */
  readonly cookieAttributes?: CookieAttributes
  /**
   * How long the response of a request that wrote may be held until its position is known, in milliseconds. After that
   * its token sends reads to the primary for a while. @defaultValue 50
   */
  readonly holdMs?: number
  /**
   * Settings of the statements of a request, such as its tenant, or a function that returns them: see the option
   * `settings` of a session. If the function throws, or the settings are invalid, the request fails before it is
   * handled.
   * @defaultValue none
   */
  readonly settings?: RequestSettings | ((request: R) => RequestSettings | undefined)
  /** Role of the statements of a request, or a function that returns it. @defaultValue that of the connections */
  readonly role?: string | ((request: R) => string | undefined)
}

/** Where a response carries its token. */
export interface TokenCarriers {
  readonly names: CheckedNames
  readonly attributes: CheckedAttributes
}

/** Validated options with every default filled in. */
export interface ResolvedHttpOptions<R> extends TokenCarriers {
  readonly pool: SessionPool
  /** Returns the options of the request's session. Its token is not validated. */
  sessionOf(request: R, token: string | undefined): RequestSession
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
const DEFAULT_HOLD_MS = 50

/** Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`, naming the option. */
export function resolveHttpOptions<R>(options: HttpOptions<R>): ResolvedHttpOptions<R> {
  checkObject('options', options)
  checkNames(options, OPTION_NAMES, 'the HTTP options')
  checkMethod('pool', options.pool, 'withSession')
  const names = checkTokenNames(options)
  const holdMs = numberOption('holdMs', options.holdMs, DEFAULT_HOLD_MS, { min: 0, max: LONGEST_TIMER_MS })
  const { role, settings } = options
  if (settings !== undefined && typeof settings !== 'function') checkPlainObject('settings', settings)
  if (role !== undefined && typeof role !== 'function' && typeof role !== 'string') {
    throw invalid(`Option "role" must be a string or a function; received ${describe(role)}`)
  }
  return {
    pool: options.pool,
    names,
    attributes: checkAttributes(names.cookie ?? '', options.cookieAttributes),
    sessionOf: (request, token) => ({
      token: shortened(token),
      settings: typeof settings === 'function' ? settings(request) : settings,
      role: typeof role === 'function' ? role(request) : role,
    }),
    async responseToken(session) {
      try {
        return await session.token({ timeoutMs: holdMs, upToNow: true })
      } catch {
        // The request has succeeded, so its response is sent without a token.
        return undefined
      }
    },
  }
}
