import type { ClientConfig } from 'pg'
import type { ConnectionOptions } from 'node:tls'
import { conceal } from './concealed.ts'

/** The option `ssl` as a function that is called for each new connection. */
export type TlsSource = () => ConnectionOptions | boolean | undefined

/** Types a function as node-postgres' option `ssl`. After a failure it returns what it returned before. */
export function tlsSource(read: TlsSource): ConnectionOptions {
  let last: { readonly value: ReturnType<TlsSource> } | undefined
  const source: TlsSource = () => {
    try {
      last = { value: read() }
    } catch (error) {
      // Files may be missing for a moment while they are replaced.
      if (last === undefined) throw error
    }
    return last.value
  }
  return source as unknown as ConnectionOptions
}

/** Returns the options for a new connection, in which `ssl` is no function. */
export function withFreshTls(options: ClientConfig): ClientConfig {
  const ssl: unknown = options.ssl
  if (typeof ssl !== 'function') return options
  const fresh = { ...options, ssl: (ssl as TlsSource)() } as ClientConfig
  conceal(fresh.ssl)
  const { password } = options
  if (password === undefined) return fresh
  // As node-postgres and pg-pool do.
  return Object.defineProperty(fresh, 'password', {
    value: password,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}
