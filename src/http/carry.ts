import { isTargetedCacheControl, privateCacheControl, varyWith } from './caching.ts'
import { cookieText } from './cookie.ts'
import type { TokenCarriers } from './options.ts'
import type { CheckedNames } from './request-token.ts'

const CARRYING: ReadonlySet<string> = new Set(['set-cookie', 'cache-control', 'vary'])

/** Headers of a response, as `Headers` has them. */
export interface ResponseHeaders {
  keys(): Iterable<string>
  get(name: string): string | null
  set(name: string, value: string): void
  append(name: string, value: string): void
  delete(name: string): void
}

/**
 * Sets the headers by which a response carries a token to its client, and by which no shared cache keeps it. Twice is
 * as good as once. Why it is `private` and not `no-store`: docs/decisions/0042-tokens-in-responses.md.
 */
export function carryToken(token: string, headers: ResponseHeaders, carriers: TokenCarriers): void {
  const { names, attributes } = carriers
  const { cookie, header } = names
  if (header !== undefined) headers.set(header, token)
  const text = cookie === undefined ? undefined : cookieText(cookie, token, attributes)
  if (text !== undefined && !headers.get('set-cookie')?.includes(text)) headers.append('set-cookie', text)
  for (const name of [...headers.keys()].filter(isTargetedCacheControl)) headers.delete(name)
  headers.set('cache-control', privateCacheControl(headers.get('cache-control') ?? ''))
  const varying = [cookie === undefined ? [] : 'Cookie', header ?? []].flat()
  headers.set('vary', varyWith(headers.get('vary') ?? '', varying))
}

/** Whether a change of this header may undo what `carryToken()` has set. */
export function concernsToken(name: string, { header }: CheckedNames): boolean {
  const known = name.toLowerCase()
  return CARRYING.has(known) || known === header || isTargetedCacheControl(known)
}
