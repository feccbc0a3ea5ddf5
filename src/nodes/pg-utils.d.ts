declare module 'pg/lib/utils.js' {
  /** Converts a value into what node-postgres sends for it. */
  export function prepareValue(value: unknown): unknown
}
