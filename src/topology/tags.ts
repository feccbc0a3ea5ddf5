/**
 * Labels that the configuration or discovery gives a node: `{ zone: 'a', use: 'reports' }`.
 *
 * @example
 * const tags: Tags = { zone: 'a', use: 'reports' }
 */
export type Tags = Readonly<Record<string, string>>

/** Whether `tags` contain every entry of `wanted`. An empty `wanted` matches any node. */
export function hasTags(tags: Tags | undefined, wanted: Tags): boolean {
  for (const name in wanted) {
    if (tags?.[name] !== wanted[name]) return false
  }
  return true
}

export function sameTags(a: Tags | undefined, b: Tags | undefined): boolean {
  return hasTags(a, b ?? {}) && hasTags(b, a ?? {})
}

export function isTags(value: unknown): value is Tags {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'string')
}
