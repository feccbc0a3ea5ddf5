import { checkObject, invalid } from '../config/validate.ts'
import type { CheckedAttributes } from './cookie.ts'
import { resolveHttpOptions, type HttpOptions, type ResolvedHttpOptions } from './options.ts'
import type { TokenSession } from './session-pool.ts'

/**
 * Cookies of a request and its response, as frameworks have them: `cookies()` of Next.js, `cookies` of SvelteKit and
 * Astro.
 *
 * @example
 * const jar: CookieJar = { get: () => undefined, set: (name, value) => console.log(name, value) }
 */
export interface CookieJar {
  get(name: string): string | { readonly value: string } | undefined
  set(name: string, value: string, attributes: JarAttributes): unknown
}

/**
 * Attributes of a cookie as the package `cookie` and the frameworks spell them.
 *
 * @example
 * const attributes: JarAttributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: true }
 */
export interface JarAttributes {
  path: string
  domain?: string
  httpOnly: boolean
  sameSite: 'strict' | 'lax' | 'none'
  secure: boolean
}

/**
 * Options of `sessionCookies()`. Those that are functions are called with the jar.
 *
 * @example
 * const options: CookieOptions = { pool, cookie: 'session' }
 */
export type CookieOptions<J extends CookieJar = CookieJar> = Omit<HttpOptions<J>, 'header'>

/**
 * Returns a function that runs code in a session which comes from a framework's cookies and is put back there. For code
 * that has no response in its hands: server actions and route handlers of Next.js, actions of SvelteKit.
 *
 * The cookie of a session that wrote is set when the code ends, also if it throws: frameworks throw for a redirect.
 * That takes at most `holdMs`. Where cookies can only be read, as while Next.js renders a page, none is set.
 *
 * @throws {SwitchyardError} `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`.
 * @example
 * const inSession = sessionCookies({ pool })
 * export const action = async (jar: CookieJar) =>
 *   inSession(jar, () => pool.query('UPDATE carts SET paid = true'))
 */
export function sessionCookies<J extends CookieJar>(
  options: CookieOptions<J>,
): <T>(jar: J, fn: () => T | Promise<T>) => Promise<T> {
  checkObject('options', options)
  if ('header' in options) throw invalid('Option "header" must be absent: the token is kept in a cookie')
  const resolved = resolveHttpOptions<J>({ ...options, header: false })
  return async (jar, fn) => {
    const found = jar.get(resolved.names.cookie ?? '')
    const begin = resolved.sessionOf(jar, typeof found === 'string' ? found : found?.value)
    return resolved.pool.withSession(begin, async (session) => {
      try {
        return await fn()
      } finally {
        await keepToken(session, jar, resolved)
      }
    })
  }
}

/** Sets the cookie of a session that wrote. Never rejects. */
export async function keepToken(
  session: TokenSession,
  jar: CookieJar,
  {
    attributes,
    names,
    responseToken,
  }: Pick<ResolvedHttpOptions<never>, 'attributes' | 'names' | 'responseToken'>,
): Promise<void> {
  const token = session.wrote && names.cookie !== undefined ? await responseToken(session) : undefined
  if (token === undefined || names.cookie === undefined) return
  try {
    jar.set(names.cookie, token, jarAttributes(attributes))
  } catch {
    // The cookies cannot be changed here or no longer. The code has ended, so its result counts.
  }
}

function jarAttributes({ sameSite, domain, ...rest }: CheckedAttributes): JarAttributes {
  const spelling = { Strict: 'strict', Lax: 'lax', None: 'none' } as const
  return { ...rest, sameSite: spelling[sameSite], ...(domain === undefined ? {} : { domain }) }
}
