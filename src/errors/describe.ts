/** Maximum length of a string to show. A longer one, or one with an at-sign or an equals sign, may hold a password. */
const LONGEST_SHOWN = 20

/** Describes a received value for an error message, without revealing secrets. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    const isHarmless = value.length <= LONGEST_SHOWN && !/[@=]/.test(value)
    return isHarmless ? JSON.stringify(value) : `a string of ${value.length} characters`
  }
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
