/**
 * Calls a callback of the application. An exception becomes an uncaught exception, as with node-postgres, and does not
 * stop the library.
 */
export function callGuarded<Args extends unknown[]>(callback: (...args: Args) => void, ...args: Args): void {
  try {
    callback(...args)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

/** Wraps a callback with `callGuarded`. */
export function guarded<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
  return (...args) => callGuarded(callback, ...args)
}
