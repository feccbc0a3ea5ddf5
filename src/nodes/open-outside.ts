/**
 * Makes a pg-pool open its connections through `outside`. node-postgres calls some code, such as type parsers, in the
 * async context in which the socket was opened. This must not be the session of the caller who happened to need a new
 * connection.
 * @param outside Runs a function outside of any session.
 */
export function openOutside(pool: object, outside: <T>(fn: () => T) => T): void {
  const open: unknown = Reflect.get(pool, 'newClient')
  if (typeof open !== 'function') return
  const newClient = function (this: unknown, ...args: unknown[]): unknown {
    return outside(() => Reflect.apply(open, this, args))
  }
  Object.defineProperty(pool, 'newClient', { value: newClient, configurable: true, writable: true })
}
