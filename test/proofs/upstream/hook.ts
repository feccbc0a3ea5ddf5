import type { ResolveHook } from 'node:module'

let own = ''

export function initialize(data: { readonly own: string }): void {
  own = data.own
}

/** Gives the modules of this package a second copy of `pg`'s ES module, which shares all of its classes. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  const isOwn = context.parentURL?.startsWith(own) ?? false
  return isOwn && found.url.endsWith('/pg/esm/index.mjs') ? { ...found, url: `${found.url}?own` } : found
}
