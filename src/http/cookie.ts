import { checkNames, checkObject, invalid } from '../config/validate.ts'
import { describe } from '../errors/describe.ts'

/**
 * Attributes of the cookie (RFC 6265bis).
 *
 * @example
 * const cookieAttributes: CookieAttributes = { secure: true, sameSite: 'Strict' }
 */
export interface CookieAttributes {
  /** Paths that the cookie is sent to. @defaultValue '/' */
  readonly path?: string
  /** Domain that the cookie is sent to. @defaultValue none: only the host that set it */
  readonly domain?: string
  /** Whether scripts of a page cannot read the cookie. @defaultValue true */
  readonly httpOnly?: boolean
  /** `'None'` needs `secure`. @defaultValue 'Lax' */
  readonly sameSite?: 'Strict' | 'Lax' | 'None'
  /** Sent over HTTPS only. Set this if your users connect by HTTPS. @defaultValue false */
  readonly secure?: boolean
}

const NAMES: ReadonlySet<string> = new Set(['path', 'domain', 'httpOnly', 'sameSite', 'secure'])
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

/** Validated attributes with every default filled in. */
export interface CheckedAttributes {
  readonly path: string
  readonly domain: string | undefined
  readonly httpOnly: boolean
  readonly sameSite: 'Strict' | 'Lax' | 'None'
  readonly secure: boolean
}

/** Validates the attributes of the cookie with this name. */
export function checkAttributes(name: string, attributes: unknown): CheckedAttributes {
  if (attributes !== undefined) checkObject('cookieAttributes', attributes)
  checkNames(attributes ?? {}, NAMES, 'cookieAttributes')
  const given: { [Name in keyof CookieAttributes]?: unknown } = attributes ?? {}
  const { path = '/', domain, httpOnly = true, sameSite = 'Lax', secure = false } = given
  const checked = {
    path: textOption('path', path),
    domain: domain === undefined ? undefined : textOption('domain', domain),
    httpOnly: flagOption('httpOnly', httpOnly),
    sameSite: sameSiteOption(sameSite),
    secure: flagOption('secure', secure),
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
      `Option "cookieAttributes.${option}" must be ${legal} with a cookie named "${name}": browsers drop it ` +
        `otherwise; received ${describe(domain ?? path)}`,
    )
  }
  return checked
}

/**
 * Returns a `Set-Cookie` header. Without `Max-Age` and `Expires` the browser keeps the cookie until it is closed. A
 * token has its own expiry, and the cookie must not end earlier.
 */
export function cookieText(name: string, value: string, attributes: CheckedAttributes): string {
  const { path, domain, httpOnly, sameSite, secure } = attributes
  return [
    `${name}=${value}; Path=${path}`,
    domain === undefined ? '' : `; Domain=${domain}`,
    httpOnly ? '; HttpOnly' : '',
    `; SameSite=${sameSite}`,
    secure ? '; Secure' : '',
  ].join('')
}

function textOption(name: string, value: unknown): string {
  if (typeof value === 'string' && ATTRIBUTE_TEXT.test(value)) return value
  throw invalid(
    `Option "cookieAttributes.${name}" must be a text of printable ASCII without a semicolon; ` +
      `received ${describe(value)}`,
  )
}

function flagOption(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(`Option "cookieAttributes.${name}" must be true or false; received ${describe(value)}`)
}

function sameSiteOption(value: unknown): CheckedAttributes['sameSite'] {
  if (value === 'Strict' || value === 'Lax' || value === 'None') return value
  throw invalid(
    `Option "cookieAttributes.sameSite" must be "Strict", "Lax" or "None"; received ${describe(value)}`,
  )
}
