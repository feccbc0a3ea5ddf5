import type { InspectOptions } from 'node:util'

/** Key of a method that `util.inspect()`, and so `console.log()`, calls in place of showing an object. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** Names of options whose values are secret. */
const SECRET: ReadonlySet<string> = new Set(['password', 'key', 'pfx', 'passphrase'])

/** User and password in a connection string. */
const CREDENTIALS = /\/\/.*@/s

/** A password among the parameters of a connection string. */
const PARAMETER = /([?&][^=&]*pass[^=&]*=)[^&]*/gi

/**
 * Makes `util.inspect()` show options without what is secret in them: passwords, also in a connection string, and
 * private keys. node-postgres hides `password` and `ssl.key` alone. The values and copies of the options stay.
 */
export function conceal(options: unknown): void {
  if (typeof options !== 'object' || options === null) return
  // Fails without an error for options that are frozen.
  Reflect.defineProperty(options, INSPECT, {
    value: shown,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}

function shown(
  this: object,
  depth: number,
  options: InspectOptions,
  inspect: (value: unknown, options: InspectOptions) => string,
): string {
  const entries = Object.entries(this).map(([name, value]: [string, unknown]) => [
    name,
    withoutSecret(name, value),
  ])
  return inspect(Object.fromEntries(entries), { ...options, depth })
}

function withoutSecret(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (SECRET.has(name)) return '…'
  return name === 'connectionString' && typeof value === 'string' ? withoutCredentials(value) : value
}

function withoutCredentials(connectionString: string): string {
  const query = connectionString.indexOf('?')
  // A password may contain either character, so it is not certain where one ends.
  if (query >= 0 && connectionString.includes('@', query)) return '…'
  return connectionString.replace(CREDENTIALS, '//…@').replace(PARAMETER, '$1…')
}
