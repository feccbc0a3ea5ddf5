/** Functions that the library itself has put in front of a connection's `query`, and that change nothing. */
const transparent = new WeakSet()

/** Declares that a function passes on what it is given to node-postgres' own `query`. */
export function passesOn(query: object): void {
  transparent.add(query)
}

/**
 * True for a connection whose `query` is the application's own: a method of its class of clients, or a function that a listener
 * has put there. It is given each query as the application has asked for it.
 */
export function hasOwnQuery(client: object): boolean {
  if (Object.hasOwn(client, 'query')) return !transparent.has(Reflect.get(client, 'query') as object)
  for (let type: unknown = client; ;) {
    type = Object.getPrototypeOf(type)
    if (typeof type !== 'object' || type === null) return false
    if (!Object.hasOwn(type, 'query')) continue
    const Class = type.constructor
    // node-postgres keeps its class of queries on its own class of clients, and only there.
    return 'Query' in Class && !Object.hasOwn(Class, 'Query')
  }
}
