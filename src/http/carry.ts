import { isTargetedCacheControl, privateCacheControl, varyWith } from './caching.ts'
import { cookieText } from './cookie.ts'
import type { TokenCarriers } from './options.ts'

/** Headers of a response, as `Headers` has them. */
export interface ResponseHeaders {
  keys(): Iterable<string>
  get(name: string): string | null
  set(name: string, value: string): void
  append(name: string, value: string): void
  delete(name: string): void
}

/**
 * Sets the headers by which a response carries a token to its client, and by which no shared cache keeps it. Why it is
 * `private` and not `no-store`: docs/decisions/0042-tokens-in-responses.md.
 */
export function carryToken(token: string, headers: ResponseHeaders, carriers: TokenCarriers): void {
  const { names, attributes } = carriers
  const { cookie, header } = names
  if (header !== undefined) headers.set(header, token)
  if (cookie !== undefined) headers.append('set-cookie', cookieText(cookie, token, attributes))
  for (const name of [...headers.keys()].filter(isTargetedCacheControl)) headers.delete(name)
  headers.set('cache-control', privateCacheControl(headers.get('cache-control') ?? ''))
  const varying = [cookie === undefined ? [] : 'Cookie', header ?? []].flat()
  headers.set('vary', varyWith(headers.get('vary') ?? '', varying))
}
