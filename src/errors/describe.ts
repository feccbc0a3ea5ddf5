/** Longer text, and text with an at-sign, may be an address with a password in it. */
const LONGEST_SHOWN = 20

/** A value that was received, for a message: without repeating what may be secret. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    const isHarmless = value.length <= LONGEST_SHOWN && !value.includes('@')
    return isHarmless ? JSON.stringify(value) : `a string of ${value.length} characters`
  }
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
