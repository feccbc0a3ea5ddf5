/**
 * Makes a caller's callback safe to call from within: what it throws surfaces by itself, as with node-postgres, and stops
 * nothing else.
 */
export function guarded<Args extends unknown[]>(callback: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
