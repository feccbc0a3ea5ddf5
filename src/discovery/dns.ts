import { lookup } from 'node:dns/promises'
import type { DiscoveredNode, Discovery } from './discovery.ts'
import { intervalOption, invalidOption, nameOption, portOption } from './options.ts'

export interface DnsDiscoveryOptions {
  /** The name behind which the servers stand, each with an address of its own. */
  readonly name: string
  /** The port of all of them. @defaultValue the pool's own `port` */
  readonly port?: number | undefined
  /** Time between two look-ups, in milliseconds, at least 100. @defaultValue 30_000 */
  readonly intervalMs?: number | undefined
  /** Takes only IPv4 or only IPv6 addresses. @defaultValue IPv4 where there are any, else IPv6 */
  readonly family?: 4 | 6 | undefined
  /**
   * Asks these DNS servers, a `Resolver` of `node:dns/promises`, and nobody else.
   * @defaultValue the system is asked as for any connection: /etc/hosts, search domains and all
   */
  readonly resolver?: AddressResolver | undefined
}

/** The part of a `Resolver` that is used. */
export interface AddressResolver {
  resolve4(name: string): Promise<readonly string[]>
  resolve6(name: string): Promise<readonly string[]>
  cancel(): void
}

/**
 * Every address of a name is a server: a headless service of Kubernetes, a round-robin name.
 *
 * By default the system's own look-up answers, since that is what a connection to this name would use: a name from
 * /etc/hosts, of a container's network or within a search domain is unknown to a DNS server. It cannot be cancelled.
 * Times to live are not looked at; the interval says how old an answer may be.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 */
export function dnsDiscovery(options: DnsDiscoveryOptions): Discovery {
  const { family, resolver } = options
  const name = nameOption('dnsDiscovery.name', options.name)
  const port = portOption('dnsDiscovery.port', options.port)
  if (family !== undefined && family !== 4 && family !== 6) {
    throw invalidOption('dnsDiscovery.family', '4 or 6', family)
  }
  return {
    intervalMs: intervalOption('dnsDiscovery.intervalMs', options.intervalMs, 30_000),
    async discover(signal) {
      const addresses =
        resolver === undefined
          ? await bySystem(name, family)
          : await byResolver(resolver, name, family, signal)
      // A hosts file may name an address twice.
      return [...new Set(addresses)].map((host): DiscoveredNode => ({ host, port }))
    },
  }
}

async function bySystem(name: string, family: 4 | 6 | undefined): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, family: family ?? 0 })
  // A server with both would come twice.
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

/** The name exists, and has no address of this family. */
function hasNoAddress(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENODATA'
}
