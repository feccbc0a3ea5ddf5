import { SwitchyardError } from '../errors/error.ts'
import {
  isThere,
  readReplicaStatus,
  REPLICA_STATUS,
  type InstanceStatus,
} from '../topology/replica-status.ts'
import type { DiscoveredNode, Discovery, KnownServers } from './discovery.ts'
import { durationOption, intervalOption, invalidOption, nameOption, portOption } from './options.ts'
import { Ramp } from './ramp.ts'

/**
 * Options of `auroraDiscovery()`.
 *
 * @example
 * const options: AuroraDiscoveryOptions = { host: '?.x.eu-west-1.rds.amazonaws.com' }
 */
export interface AuroraDiscoveryOptions {
  /**
   * The host of an instance: a function of its identifier, or a pattern in which `?` stands for it, such as
   * `?.c1a2b3.eu-west-1.rds.amazonaws.com`. The function may return an address with a port, of a tunnel say.
   */
  readonly host: string | ((serverId: string) => string | InstanceAddress)
  /** The port of all instances. @defaultValue the pool's own `port` */
  readonly port?: number | undefined
  /**
   * The host of the cluster endpoint. It is added to the list while none of the instances answers.
   * @defaultValue none: the last list stays
   */
  readonly clusterEndpoint?: string | undefined
  /** Time between two looks, in milliseconds, at least 100. @defaultValue 5_000 */
  readonly intervalMs?: number | undefined
  /**
   * Time in which the weight of a new reader rises from a tenth to 1, in milliseconds. With 1 it has its full share at
   * once.
   * @defaultValue 60_000
   */
  readonly rampMs?: number | undefined
}

/**
 * Address at which an instance is reached.
 *
 * @example
 * const address: InstanceAddress = { host: 'reader-1.x.eu-west-1.rds.amazonaws.com', port: 5432 }
 */
export type InstanceAddress = Pick<DiscoveredNode, 'host' | 'port'>

/**
 * Creates a discovery that reads the instances of an Aurora cluster from `aurora_replica_status()`, over the
 * connections that watch the cluster. The pool's own `host` is asked first: the cluster endpoint, or any instance.
 *
 * The function says which instances there are. Roles are what the servers say themselves. A new reader starts with a
 * small weight, since its caches are cold.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION
 * @example
 * new Pool({
 *   host: 'shop.cluster-x.eu-west-1.rds.amazonaws.com',
 *   discovery: auroraDiscovery({ host: '?.x.eu-west-1.rds.amazonaws.com' }),
 * })
 */
export function auroraDiscovery(options: AuroraDiscoveryOptions): Discovery {
  const port = portOption('auroraDiscovery.port', options.port)
  const addressOf = hostOption(options.host, port)
  const ramp = new Ramp(durationOption('auroraDiscovery.rampMs', options.rampMs, 60_000))
  const endpoint =
    options.clusterEndpoint === undefined
      ? undefined
      : nameOption('auroraDiscovery.clusterEndpoint', options.clusterEndpoint)
  let last: readonly DiscoveredNode[] = []
  return {
    intervalMs: intervalOption('auroraDiscovery.intervalMs', options.intervalMs, 5_000),
    async discover(_signal, known): Promise<readonly DiscoveredNode[]> {
      if (known === undefined) throw failure('auroraDiscovery() asks the servers of a pool, and got none')
      try {
        const instances = await instancesOf(known)
        const weights = ramp.weightsAt(
          instances.map(({ serverId }) => serverId),
          known.now(),
        )
        last = instances.map(({ serverId }) => ({ ...addressOf(serverId), weight: weights.get(serverId) }))
        return last
      } catch (error) {
        if (endpoint === undefined || last.length === 0) throw error
        return [...last.filter(({ host }) => host !== endpoint), { host: endpoint, port, weight: 0 }]
      }
    },
  }
}

async function instancesOf(known: KnownServers): Promise<readonly InstanceStatus[]> {
  const [text] = await known.query(`select ${REPLICA_STATUS}`)
  const instances = readReplicaStatus(text).filter(isThere)
  // A server that is about to take over may list the readers alone.
  if (instances.some(({ isWriter }) => isWriter)) return instances
  throw failure('aurora_replica_status() lists no writer')
}

function failure(message: string): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_BAD_DISCOVERY', message, { retryable: true })
}

function hostOption(host: unknown, port: number | undefined): (serverId: string) => InstanceAddress {
  if (typeof host === 'function') {
    return (serverId) => {
      const address = (host as (serverId: string) => string | InstanceAddress)(serverId)
      return typeof address === 'string' ? { host: address, port } : { port, ...address }
    }
  }
  const parts = typeof host === 'string' && /^\S+$/.test(host) ? host.split('?') : []
  const [before, after] = parts
  if (parts.length !== 2 || before === undefined || after === undefined) {
    const legal = 'a function, or a name in which "?" stands for the identifier'
    throw invalidOption('auroraDiscovery.host', legal, host)
  }
  return (serverId) => ({ host: `${before}${serverId}${after}`, port })
}
