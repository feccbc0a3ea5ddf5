/**
 * Calls a caller's callback from within: an error that it throws surfaces by itself, as with node-postgres, and stops nothing
 * else.
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

/** A callback that is safe to call from within; see `callGuarded`. */
export function guarded<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
  return (...args) => callGuarded(callback, ...args)
}
