/**
 * Directives of `Cache-Control` that concern shared caches alone, or that contradict `private`. `must-understand` makes
 * a cache ignore `no-store`.
 */
const FOR_SHARED_CACHES: ReadonlySet<string> = new Set([
  'public',
  'private',
  's-maxage',
  'proxy-revalidate',
  'must-understand',
])

/** Headers by which a certain shared cache is told what to do, in place of `Cache-Control`. */
const TARGETED =
  /^(?:(?:[\w-]+-)?cdn-cache-control|surrogate-control|edge-control|x-accel-expires|x-litespeed-cache-control)$/i

/**
 * A directive with its value, where a quoted one may hold commas; or a text that is none, up to the next comma. White
 * space is matched in one way only: otherwise the time would grow with its square.
 */
const DIRECTIVE = /[^\s,="]+(?:\s*=(?:\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+))?)?(?=\s*(?:,|$))|[^\s,][^,]*/g
const WELL_FORMED = /^([^\s,="]+)(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]*))?$/

/** Whether a header gives a certain shared cache orders of its own. Without it the cache goes by `Cache-Control`. */
export function isTargetedCacheControl(name: string): boolean {
  return TARGETED.test(name)
}

/**
 * Returns the `Cache-Control` of a response that only its own client may keep. Directives of the application for the
 * client's own cache stay: `max-age`, `immutable`, `no-store`.
 */
export function privateCacheControl(given: string): string {
  const directives = given.match(DIRECTIVE) ?? []
  const names = directives.map((directive) => WELL_FORMED.exec(directive)?.[1]?.toLowerCase())
  // Caches read a malformed header in different ways.
  if (names.includes(undefined)) return 'private, no-store'
  const kept = directives.filter((_, index) => !FOR_SHARED_CACHES.has(names[index] ?? ''))
  return ['private', ...kept].join(', ')
}

/** Returns `Vary` with these names added. */
export function varyWith(given: string, added: readonly string[]): string {
  const names = given.split(',').flatMap((name) => name.trim() || [])
  if (names.includes('*')) return given
  const known = new Set(names.map((name) => name.toLowerCase()))
  return [...names, ...added.filter((name) => !known.has(name.toLowerCase()))].join(', ')
}
