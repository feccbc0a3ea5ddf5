import type { Client, Pool as PgPool, PoolClient, PoolConfig, QueryConfig } from 'pg'
import type { Explaining, RoutedClientClass } from '../client/routed-client.ts'
import type { PoolOptions, ReplicaOptions } from '../config/options.ts'
import { nodeIdOf } from '../config/nodes.ts'
import { resolveOptions, type ResolvedOptions } from '../config/resolved-options.ts'
import { dashboardHandler, type DashboardHandler, type DashboardOptions } from '../dashboard/handler.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import { systemPlatform } from '../platform/system.ts'
import type { SessionOptions } from '../router/session-options.ts'
import { unseenRouter } from '../router/shared-clusters.ts'
import type { RouteRequest } from '../routing/decide.ts'
import { refusalOf } from './lifetime.ts'
import { shownOptions, withPassword } from './live-options.ts'
import { CORE, poolBaseClass, type BasePool } from './pool-base.ts'
import type { PoolClass, TierPool } from './pool-contract.ts'
import type { PoolCore } from './pool-core.ts'
import { RoutedCore } from './routed-core.ts'
import type { Session } from './session.ts'
import { SingleNodeCore } from './single-node-core.ts'
import { tierPoolClass } from './tier-pool.ts'
import { transactionOver } from './transaction.ts'
import type { TransactionOptions } from './transaction-options.ts'

/** The classes of a copy of node-postgres that a pool needs. */
export interface PoolParts {
  readonly Pool: typeof PgPool
  readonly Client: typeof Client
  readonly RoutedClient: RoutedClientClass
  /** Creates a routed client class from the application's client class. */
  readonly routedClientClass: (ClientClass: typeof Client) => RoutedClientClass
  /** Default options. */
  readonly defaults: PoolOptions
}

/** Creates `Pool` from a copy's own; see `Pool` for its methods. */
export function poolClass(parts: PoolParts): PoolClass {
  const Base = poolBaseClass(parts.Pool)
  const PoolOfTier = tierPoolClass(Base)

  class Pool extends Base<PoolCore> {
    constructor(given?: PoolOptions | null) {
      const resolved = resolveOptions({ ...parts.defaults, ...withPassword(given ?? {}) })
      const { discovery, nodes, pgOptions, tiers } = resolved
      const isSingle = nodes.length === 1 && discovery === undefined && tiers === undefined
      const OwnClient = pgOptions.Client as typeof Client | undefined
      const ClientClass = OwnClient ?? parts.Client
      const single = (pool: BasePool): PoolCore =>
        new SingleNodeCore({ pool, resolved, Base, explainer: () => unseenRouter(resolved, ClientClass) })
      const routed = (pool: BasePool): PoolCore => {
        // Clients inherit from the application's class, whose `query` runs on the connections.
        const isOfCopy = OwnClient?.prototype instanceof parts.Client
        const RoutedClient = isOfCopy ? parts.routedClientClass(ClientClass) : parts.RoutedClient
        return new RoutedCore({ pool, resolved, Base, ClientClass, RoutedClient })
      }
      super(isSingle ? singleOptions(resolved) : shownOptions(resolved), isSingle ? single : routed)
    }

    get events(): RouterEventEmitter {
      return this[CORE].events
    }

    get primary(): PgPool {
      return this[CORE].primary(this) as unknown as PgPool
    }

    withSession<T>(given: SessionOptions | ((session: Session) => T), fn?: (session: Session) => T): T {
      if (typeof given === 'function') return this.session().run(given)
      if (typeof fn !== 'function') throw new TypeError('withSession() needs a function to run')
      return this.session(given).run(fn)
    }

    session(options: SessionOptions = {}): Session {
      return this[CORE].session(options)
    }

    transaction<T>(fn: (client: PoolClient) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
      return transactionOver(this, fn, options)
    }

    tier(name: string): TierPool {
      return new PoolOfTier(this[CORE].tier(this, name))
    }

    explain(query: string | (QueryConfig & RouteRequest), client?: PoolClient): Promise<Explanation> {
      const isRouted = client !== undefined && 'explain' in client
      return isRouted ? (client as PoolClient & Explaining).explain(query) : this[CORE].explain(query)
    }

    async ready(): Promise<void> {
      const refusal = refusalOf(this)
      if (refusal !== undefined) throw refusal
      return this[CORE].ready()
    }

    stats(): PoolStats {
      return this[CORE].stats()
    }

    dashboard(options: DashboardOptions = {}): DashboardHandler {
      const core = this[CORE]
      const inside = { isRouted: core instanceof RoutedCore, waiting: () => core.waiting() }
      return dashboardHandler(this, options, systemPlatform, inside)
    }

    setNodes(nodes: readonly (string | ReplicaOptions)[]): void {
      this[CORE].setNodes(nodes)
    }
  }
  return Pool as unknown as PoolClass
}

/** The options for pg.Pool of the only node. Its name, if it was given one, is shown among them. */
function singleOptions({ nodes: [node], pgOptions }: ResolvedOptions): PoolConfig {
  const { stream } = node?.options ?? {}
  const name = node?.id === nodeIdOf(pgOptions) ? undefined : node?.id
  if (stream === undefined && name === undefined) return pgOptions
  return {
    ...withPassword(pgOptions),
    ...(stream === undefined ? {} : { stream }),
    ...(name === undefined ? {} : { name }),
  }
}
