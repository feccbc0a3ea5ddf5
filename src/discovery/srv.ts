import type { SrvRecord } from 'node:dns'
import type * as Dns from 'node:dns/promises'
import { requireLazily } from '../platform/require.ts'
import type { Discovery } from './discovery.ts'
import { checkNodes } from './nodes.ts'
import { intervalOption, nameOption } from './options.ts'

/**
 * Options of `srvDiscovery()`.
 *
 * @example
 * const options: SrvDiscoveryOptions = { name: '_postgresql._tcp.shop.internal' }
 */
export interface SrvDiscoveryOptions {
  /** The name of the records, such as `_postgresql._tcp.db.example`. */
  readonly name: string
  /** Time between two look-ups, in milliseconds, at least 100. @defaultValue 30_000 */
  readonly intervalMs?: number | undefined
  /** The DNS servers to ask. @defaultValue those of the system */
  readonly resolver?: SrvResolver | undefined
}

/**
 * The part of a `Resolver` that `srvDiscovery` uses.
 *
 * @example
 * import { Resolver } from 'node:dns/promises'
 * const resolver: SrvResolver = new Resolver()
 */
export interface SrvResolver {
  resolveSrv(name: string): Promise<readonly SrvRecord[]>
  cancel(): void
}

/**
 * Creates a discovery that takes every SRV record of a name as a server, with its name, port and weight. A weight of 0
 * means a very small one (RFC 2782). Priorities are ignored: the list contains the whole cluster.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 * @example
 * new Pool({ user: 'app', discovery: srvDiscovery({ name: '_postgresql._tcp.shop.internal' }) })
 */
export function srvDiscovery(options: SrvDiscoveryOptions): Discovery {
  const name = nameOption('srvDiscovery.name', options.name)
  // Most pools do not need it.
  const { Resolver } = requireLazily('node:dns/promises') as typeof Dns
  const resolver = options.resolver ?? new Resolver()
  return {
    intervalMs: intervalOption('srvDiscovery.intervalMs', options.intervalMs, 30_000),
    async discover(signal) {
      const cancel = (): void => resolver.cancel()
      signal.addEventListener('abort', cancel, { once: true })
      try {
        const records: unknown = await resolver.resolveSrv(name)
        return checkNodes(Array.isArray(records) ? records.map(nodeOf) : records)
      } finally {
        signal.removeEventListener('abort', cancel)
      }
    },
  }
}

/** Translates a record. Other values are returned unchanged, so that the check of the nodes rejects them. */
function nodeOf(record: unknown): unknown {
  if (record === null || typeof record !== 'object') return record
  const { name, port, weight }: { name?: unknown; port?: unknown; weight?: unknown } = record
  return { host: name, port, weight: weight === 0 ? 1 : weight }
}
