import type * as Dns from 'node:dns/promises'
import { requireLazily } from '../platform/require.ts'
import type { DiscoveredNode, Discovery } from './discovery.ts'
import { checkNodes } from './nodes.ts'
import { intervalOption, invalidOption, nameOption, portOption } from './options.ts'

/**
 * Options of `dnsDiscovery()`.
 *
 * @example
 * const options: DnsDiscoveryOptions = { name: 'postgres.shop.svc.cluster.local', port: 5432 }
 */
export interface DnsDiscoveryOptions {
  /** The name that resolves to the addresses of all servers. */
  readonly name: string
  /** The port of all of them. @defaultValue the pool's own `port` */
  readonly port?: number | undefined
  /** Time between two look-ups, in milliseconds, at least 100. @defaultValue 30_000 */
  readonly intervalMs?: number | undefined
  /** Restricts the result to IPv4 or IPv6 addresses. @defaultValue IPv4 if there are any, else IPv6 */
  readonly family?: 4 | 6 | undefined
  /**
   * A `Resolver` of `node:dns/promises`, to ask only its DNS servers.
   * @defaultValue the system's own look-up, which includes /etc/hosts and search domains
   */
  readonly resolver?: AddressResolver | undefined
}

/**
 * The part of a `Resolver` that `dnsDiscovery` uses.
 *
 * @example
 * import { Resolver } from 'node:dns/promises'
 * const resolver: AddressResolver = new Resolver()
 */
export interface AddressResolver {
  resolve4(name: string): Promise<readonly string[]>
  resolve6(name: string): Promise<readonly string[]>
  cancel(): void
}

/**
 * Creates a discovery that takes every address of a name as a server: a headless service of Kubernetes, a round-robin
 * name.
 *
 * By default the system's own lookup is used, as for any connection. A name from /etc/hosts, of a container network or
 * in a search domain is unknown to a DNS server. That lookup cannot be cancelled. TTLs are ignored: the interval
 * determines how old an answer may be.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 * @example
 * new Pool({ user: 'app', discovery: dnsDiscovery({ name: 'postgres.shop.svc.cluster.local' }) })
 */
export function dnsDiscovery(options: DnsDiscoveryOptions): Discovery {
  const { family, resolver } = options
  const name = nameOption('dnsDiscovery.name', options.name)
  const port = portOption('dnsDiscovery.port', options.port)
  if (family !== undefined && family !== 4 && family !== 6) {
    throw invalidOption('dnsDiscovery.family', '4 or 6', family)
  }
  // Most pools do not need it.
  const { lookup } = requireLazily('node:dns/promises') as typeof Dns
  return {
    intervalMs: intervalOption('dnsDiscovery.intervalMs', options.intervalMs, 30_000),
    async discover(signal) {
      const addresses =
        resolver === undefined
          ? await bySystem(lookup, name, family)
          : await byResolver(resolver, name, family, signal)
      if (!Array.isArray(addresses)) return checkNodes(addresses)
      // A hosts file may contain an address twice.
      return [...new Set(addresses)].map((host): DiscoveredNode => ({ host, port }))
    },
  }
}

async function bySystem(
  lookup: typeof Dns.lookup,
  name: string,
  family: 4 | 6 | undefined,
): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, family: family ?? 0 })
  // A server with addresses of both families would count twice.
  const preferred = found.some((entry) => entry.family === 4) ? 4 : 6
  return found.filter((entry) => entry.family === (family ?? preferred)).map(({ address }) => address)
}

async function byResolver(
  resolver: AddressResolver,
  name: string,
  family: 4 | 6 | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    if (family === 6) return await resolver.resolve6(name)
    return await resolver.resolve4(name).catch((error: unknown) => {
      if (family === undefined && hasNoAddress(error)) return resolver.resolve6(name)
      throw error
    })
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Whether the name exists but has no address of this family. */
function hasNoAddress(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENODATA'
}
