/** The library's own wrappers of `query`, which change nothing. */
const transparent = new WeakSet()

/** Marks a function as a wrapper that passes its arguments to node-postgres' own `query`. */
export function passesOn(query: object): void {
  transparent.add(query)
}

/**
 * Whether the connection's `query` is the application's own: a method of its client class, or a function that a
 * listener has set. It gets each query as the application made it.
 */
export function hasOwnQuery(client: object): boolean {
  if (Object.hasOwn(client, 'query')) return !transparent.has(Reflect.get(client, 'query') as object)
  for (let type: unknown = client; ;) {
    type = Object.getPrototypeOf(type)
    if (typeof type !== 'object' || type === null) return false
    if (!Object.hasOwn(type, 'query')) continue
    const Class = type.constructor
    // Only node-postgres' own client class has the query class.
    return 'Query' in Class && !Object.hasOwn(Class, 'Query')
  }
}
