import { checkNames, checkObject, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'

/** Attributes of the cookie (RFC 6265bis). */
export interface CookieAttributes {
  /** @defaultValue '/' */
  readonly path?: string
  /** @defaultValue none: only the host that set it */
  readonly domain?: string
  /** @defaultValue true */
  readonly httpOnly?: boolean
  /** `'None'` needs `secure`. @defaultValue 'Lax' */
  readonly sameSite?: 'Strict' | 'Lax' | 'None'
  /** Sent over HTTPS only. Set this if your users connect by HTTPS. @defaultValue false */
  readonly secure?: boolean
}

const NAMES: ReadonlySet<string> = new Set(['path', 'domain', 'httpOnly', 'sameSite', 'secure'])
const SAME_SITE: readonly unknown[] = ['Strict', 'Lax', 'None']
const ATTRIBUTE_TEXT = /^[\x20-\x3a\x3c-\x7e]+$/
const PREFIXES_THAT_NEED_SECURE = /^__(?:Secure|Host)-/i

const IS_HOST = /^__Host-/i

/** Returns the value of the first cookie of this name in a `Cookie` header. Tokens need no percent-decoding. */
export function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
  }
  return undefined
}

/**
 * Validates the attributes and returns a function that creates a `Set-Cookie` header from a value. Without `Max-Age`
 * and `Expires` the browser keeps the cookie until it is closed. A token has its own expiry, and the cookie must not
 * end earlier.
 */
export function cookieWriter(name: string, attributes: unknown): (value: string) => string {
  if (attributes !== undefined) checkObject('cookieAttributes', attributes)
  checkNames(attributes ?? {}, NAMES, 'cookieAttributes')
  const given: { [Name in keyof CookieAttributes]?: unknown } = attributes ?? {}
  const { path = '/', domain, httpOnly = true, sameSite = 'Lax', secure = false } = given
  checkFlag('httpOnly', httpOnly)
  checkFlag('secure', secure)
  if (!SAME_SITE.includes(sameSite)) {
    throw invalid(
      `Option "cookieAttributes.sameSite" must be "Strict", "Lax" or "None"; received ${describe(sameSite)}`,
    )
  }
  if (!secure && (sameSite === 'None' || PREFIXES_THAT_NEED_SECURE.test(name))) {
    const what = sameSite === 'None' ? 'sameSite "None"' : `a cookie named "${name}"`
    throw invalid(
      `Option "cookieAttributes.secure" must be true with ${what}: browsers drop it otherwise; received false`,
    )
  }
  if (IS_HOST.test(name) && (domain !== undefined || path !== '/')) {
    const [option, legal] = domain === undefined ? ['path', '"/"'] : ['domain', 'absent']
    throw invalid(
      `Option "cookieAttributes.${option}" must be ${legal} with a cookie named "${name}": browsers drop it otherwise; received ${describe(domain ?? path)}`,
    )
  }
  const suffix = [
    `; Path=${textOption('path', path)}`,
    domain === undefined ? '' : `; Domain=${textOption('domain', domain)}`,
    httpOnly === true ? '; HttpOnly' : '',
    `; SameSite=${String(sameSite)}`,
    secure === true ? '; Secure' : '',
  ].join('')
  return (value) => `${name}=${value}${suffix}`
}

function textOption(name: string, value: unknown): string {
  if (typeof value === 'string' && ATTRIBUTE_TEXT.test(value)) return value
  throw invalid(
    `Option "cookieAttributes.${name}" must be a text of printable ASCII without a semicolon; received ${describe(value)}`,
  )
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  throw invalid(`Option "cookieAttributes.${name}" must be true or false; received ${describe(value)}`)
}
