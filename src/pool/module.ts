import type pg from 'pg'
import type { Client as PgClient, ClientConfig, Pool as PgPool, QueryConfig } from 'pg'
import { routedClientClass, type RoutedClientClass } from '../client/routed-client.ts'
import type { PoolOptions } from '../config/options.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Explanation } from '../observability/explain.ts'
import { pgModule } from '../platform/pg.ts'
import { poolClass } from './pool-class.ts'
import type { Pool, PoolClass } from './pool-contract.ts'
import type { RouteRequest } from '../routing/decide.ts'
import { SharedClusters } from '../router/shared-clusters.ts'

/**
 * The exports of a copy of node-postgres.
 *
 * @example
 * import pg from 'pg'
 * const copy: PgModule = pg
 */
export type PgModule = typeof pg

/**
 * Options of a `Client`: every option of `pg.Client` and, with `replicas`, those of `Pool`.
 *
 * @example
 * const options: ClientOptions = { host: 'primary', replicas: ['postgres://app@r1/shop'] }
 */
export type ClientOptions = ClientConfig & PoolOptions

/**
 * A standalone client. With `replicas` it routes like clients of a pool, and clients with the same configuration share
 * one monitor; without, it is `pg.Client`.
 */
export interface Client extends PgClient {
  query: Pool['query']

  /**
   * Explains what this client would do with the statement, as its next one; see `Pool.explain`. Rejects with
   * `SWITCHYARD_SINGLE_NODE` where there is one node, and so nothing to route.
   */
  explain(query: string | (QueryConfig & RouteRequest)): Promise<Explanation>
}
/**
 * Class of a standalone client.
 *
 * @example
 * const make = (Class: ClientClass) => new Class({ host: 'primary' })
 */
export type ClientClass = new (config?: string | ClientOptions) => Client

/**
 * A module with the shape of `pg`, whose `Pool` and `Client` route.
 *
 * @example
 * import pg from 'pg'
 * const routed: RoutedModule = wrapPg(pg, { replicas: ['postgres://app@r1/shop'] })
 */
export type RoutedModule = Omit<PgModule, 'Pool' | 'Client'> & {
  Pool: PoolClass
  Client: ClientClass
}

/** A `Pool` and `Client` of node-postgres, and what was made of them. */
interface Origin extends Copy {
  readonly RoutedClient: unknown
  readonly defaults: PoolOptions
}

/** By the `Pool` that was made. Code that runs twice, or a module that `register` has changed, is wrapped twice. */
const origins = new WeakMap<object, Origin>()

/**
 * Creates the module for another copy of node-postgres. Its `Pool` is a subclass of that copy's, and its clients are
 * instances of that copy's `Client`. `defaults` are default options of every `Pool` and `Client`. They are for
 * libraries that construct these and do not pass on unknown options.
 *
 * Throws `SWITCHYARD_INVALID_OPTION` when `pg` is not node-postgres, or older than 8.21.
 *
 * A module whose `Pool` was made by an earlier call is wrapped again, with the defaults of both.
 *
 * @example
 * import pg from 'pg'
 * const { Pool } = wrapPg(pg, { replicas: ['postgres://app@r1/shop'] })
 */
export function wrapPg(module: PgModule, defaults: PoolOptions = {}): RoutedModule {
  const given = checked(module)
  const before = origins.get(given.Pool)
  const PoolOfCopy = before?.Pool ?? given.Pool
  const ClientOfCopy = before?.RoutedClient === given.Client ? before.Client : given.Client
  const allDefaults = { ...before?.defaults, ...defaults }
  const clusters = new SharedClusters(ClientOfCopy, allDefaults)
  const routedClientOf = (Class: typeof PgClient): RoutedClientClass =>
    routedClientClass(Class, clusters.join)
  const RoutedClient = routedClientOf(ClientOfCopy)
  const Pool = poolClass({
    Pool: PoolOfCopy,
    Client: ClientOfCopy,
    RoutedClient,
    routedClientClass: routedClientOf,
    defaults: allDefaults,
  })
  const routed = { ...module, Pool, Client: RoutedClient as ClientClass }
  origins.set(Pool, { Pool: PoolOfCopy, Client: ClientOfCopy, RoutedClient, defaults: allDefaults })
  // As in node-postgres: loaded on first access, and null if it is not installed.
  Object.defineProperty(routed, 'native', {
    get: () => module.native,
    configurable: true,
    enumerable: false,
  })
  return routed
}

interface Copy {
  readonly Client: typeof PgClient
  readonly Pool: typeof PgPool
}

function checked(module: PgModule): Copy {
  const { Client, Pool } = (module ?? {}) as Partial<PgModule>
  if (typeof Client !== 'function' || typeof Pool !== 'function') {
    throw new SwitchyardError(
      'SWITCHYARD_INVALID_OPTION',
      'wrapPg() needs the module "pg", with its Pool and Client',
    )
  }
  if (typeof Reflect.get(Client.prototype, 'getTransactionStatus') !== 'function') {
    const message = 'wrapPg() needs pg 8.21 or newer: this copy does not tell whether a transaction is open'
    throw new SwitchyardError('SWITCHYARD_INVALID_OPTION', message)
  }
  return { Client, Pool }
}

/** The module over the copy of node-postgres that this package finds, which is the application's own. */
export const routedModule: RoutedModule = wrapPg(pgModule)
