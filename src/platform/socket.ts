import { Socket } from 'node:net'
import type { ClientConfig } from 'pg'

const navigator = Reflect.get(globalThis, 'navigator') as { readonly userAgent?: string } | undefined

/**
 * The option `stream` for connections that are opened in the background. Without it node-postgres calls
 * `require('net')` for each connection, which Jest rejects after the test that created the pool has ended. Empty in
 * Cloudflare Workers, where node-postgres uses other sockets.
 */
export const socketOption: Pick<ClientConfig, 'stream'> =
  navigator?.userAgent === 'Cloudflare-Workers' ? {} : { stream: () => new Socket() }
