import { isDeepStrictEqual } from 'node:util'
import type { Client, ClientConfig } from 'pg'
import type { Membership, MemberPort } from '../client/wiring.ts'
import { splitHosts } from '../config/connection-string.ts'
import { POOL_OPTIONS } from '../config/known-options.ts'
import type { PoolOptions } from '../config/options.ts'
import { resolveOptions, type ResolvedOptions } from '../config/resolved-options.ts'
import { connectBy } from '../platform/connect.ts'
import { systemPlatform } from '../platform/system.ts'
import { composeRouter, type Router } from './compose-router.ts'

/** A monitored cluster and the number of its clients. */
interface Shared {
  readonly options: PoolOptions
  readonly router: Router
  members: number
}

/**
 * The clusters of standalone clients. Clients with the same configuration share one monitor, with one probe for each
 * node, from the first client to the last.
 */
export class SharedClusters {
  readonly #ClientClass: typeof Client
  readonly #defaults: PoolOptions
  readonly #shared: Shared[] = []

  constructor(ClientClass: typeof Client, defaults: PoolOptions) {
    this.#ClientClass = ClientClass
    this.#defaults = defaults
  }

  /**
   * Returns the membership in the cluster of a client's configuration, or the configuration for node-postgres with one
   * server. Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION` for options of a cluster.
   */
  readonly join = (given: unknown): Membership | { readonly unrouted: unknown } => {
    const options = this.#optionsOf(given)
    const unrouted = Object.keys(this.#defaults).length === 0 ? given : options
    if (options.replicas === undefined && options.discovery === undefined && !hasManyHosts(options)) {
      return { unrouted }
    }
    // node-postgres ignores unknown options, and libraries pass some.
    const known = Object.fromEntries(Object.entries(options).filter(([name]) => POOL_OPTIONS.has(name)))
    const resolved = resolveOptions(known)
    if (resolved.nodes.length === 1 && resolved.discovery === undefined) return { unrouted }
    const { types } = options
    const config: ClientConfig = { ...resolved.nodes[0]?.options, ...(types ? { types } : {}) }
    return {
      config,
      isEager: resolved.checkout === 'eager',
      enter: () => this.#enter(known, resolved),
    }
  }

  #optionsOf(given: unknown): PoolOptions {
    const own = typeof given === 'string' ? { connectionString: given } : ((given ?? {}) as PoolOptions)
    const { password } = own
    return { ...this.#defaults, ...own, ...(password === undefined ? {} : { password }) }
  }

  #enter(options: PoolOptions, resolved: ResolvedOptions): MemberPort {
    // Programs create type parsers for each client, and clients apply their own.
    const { types: _types, ...key } = options
    const shared =
      this.#shared.find((each) => isDeepStrictEqual(each.options, key)) ?? this.#open(key, resolved)
    shared.members += 1
    return {
      router: shared.router,
      leave: async () => {
        shared.members -= 1
        if (shared.members > 0) return
        this.#shared.splice(this.#shared.indexOf(shared), 1)
        await shared.router.end()
      },
    }
  }

  #open(options: PoolOptions, resolved: ResolvedOptions): Shared {
    const { types: _types, ...pgOptions } = resolved.pgOptions
    // Each client may need its own connection, as with node-postgres.
    const unbounded = { max: Infinity }
    const nodes = resolved.nodes.map((node) => {
      const { types: _own, ...rest } = node.options
      return { ...node, options: { ...rest, ...unbounded } }
    })
    const whole = { ...resolved, pgOptions: { ...pgOptions, ...unbounded }, nodes }
    const router = unseenRouter(whole, this.#ClientClass)
    router.readiness.warm()
    const shared = { options, router, members: 0 }
    this.#shared.push(shared)
    return shared
  }
}

function hasManyHosts({ connectionString }: PoolOptions): boolean {
  return typeof connectionString === 'string' && splitHosts(connectionString).length > 1
}

/** Creates a router whose connections have no listeners of the application. */
export function unseenRouter(resolved: ResolvedOptions, ClientClass: typeof Client): Router {
  const nothing = (): void => {}
  const router: Router = composeRouter({
    options: resolved,
    platform: systemPlatform,
    connect: connectBy(ClientClass),
    listener: {
      connected: () => undefined,
      released: nothing,
      removed: nothing,
      opened: (node, client, proceed) => router.connectionOpened(node, client, proceed),
      idleError: (node, error) => router.connectionLost(node, error),
    },
  })
  return router
}
