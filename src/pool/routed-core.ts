import type { Client, PoolClient, QueryConfig } from 'pg'
import { Checkouts } from '../client/checkouts.ts'
import type { ClientKind } from '../client/client-kind.ts'
import { LeakWatch } from '../client/leak-watch.ts'
import { isSubmittable, normalizeQuery, tierOf } from '../client/query-arguments.ts'
import type { RoutedClientClass } from '../client/routed-client.ts'
import { nodesFrom } from '../config/nodes.ts'
import type { ReplicaOptions } from '../config/options.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { asError } from '../errors/as-error.ts'
import type { RunOptions } from '../execution/decision.ts'
import type { Done } from '../execution/execution.ts'
import type { LeasePoolListener } from '../nodes/lease-pool.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { WaitingStatement } from '../observability/tracer.ts'
import { connectBy } from '../platform/connect.ts'
import { systemPlatform } from '../platform/system.ts'
import { composeRouter, type Router } from '../router/compose-router.ts'
import { hasHooks } from '../router/hooks.ts'
import { checkSessionOptions, type SessionOptions } from '../router/session-options.ts'
import type { RouteRequest } from '../routing/decide.ts'
import {
  connectForm,
  endForm,
  queryForm,
  type Connected,
  type Ended,
  type RunQuery,
} from './callback-forms.ts'
import { queryThrough, requestedCheckouts, runsItself, takeThrough } from './connect-through.ts'
import { Lifetime, refusalOf } from './lifetime.ts'
import { LiveOptions, showNode, withPassword } from './live-options.ts'
import type { BasePool, Count, PgPool, PoolBaseClass } from './pool-base.ts'
import type { PoolCore } from './pool-core.ts'
import { primaryView } from './primary-view.ts'
import { Session } from './session.ts'
import type { TierSource } from './tier-pool.ts'

/** Default options of a query. */
const NOTHING_BESIDES: RunOptions = {}

export interface RoutedCoreOptions {
  readonly pool: BasePool
  readonly resolved: ResolvedOptions
  readonly Base: PoolBaseClass
  /** Class of the connections. */
  readonly ClientClass: typeof Client
  /** Class of the clients that are handed out. */
  readonly RoutedClient: RoutedClientClass
}

/** The inside of a pool of several nodes: a router runs its queries, and its clients are routed. */
export class RoutedCore implements PoolCore {
  readonly #options: RoutedCoreOptions
  readonly #live: LiveOptions
  readonly #router: Router
  readonly #run: RunQuery
  readonly #lifetime: Lifetime
  readonly #leaks: LeakWatch | undefined
  /** Clients of the whole pool, and of each used tier. */
  readonly #checkouts = new Map<string | undefined, Checkouts>()
  #primary: PgPool | undefined

  constructor(options: RoutedCoreOptions) {
    const { ClientClass, pool, resolved } = options
    const { leakWarningMs, nodes } = resolved
    this.#options = options
    this.#live = new LiveOptions(pool.options, nodes[0]?.id)
    pool.options = this.#live.shown
    this.#lifetime = new Lifetime(pool)
    const events = eventsOf(
      options,
      () => this.#router,
      () => this.#primary,
    )
    this.#router = composeRouter({
      options: this.#live.applyTo(resolved),
      platform: systemPlatform,
      connect: connectBy(ClientClass),
      listener: events,
    })
    this.#router.readiness.warm()
    this.#run = this.#runner()
    if (leakWarningMs !== undefined) {
      this.#leaks = new LeakWatch(systemPlatform, leakWarningMs, (leak) =>
        this.#router.tell('clientLeaked', leak),
      )
    }
    // The options of the pool and of its view show the current primary.
    this.events.on('primaryChanged', ({ to }) => {
      const config = this.#router.nodes.configOf(to)
      if (config === undefined) return
      this.#live.show(config)
      if (this.#primary !== undefined) showNode(this.#primary.options, config.options)
    })
  }

  get events(): RouterEventEmitter {
    return this.#router.events
  }

  count(_pool: BasePool, name: Count): number {
    let sum = 0
    for (const node of this.#router.nodes) sum += node[name]
    return sum
  }

  connect(pool: BasePool, callback: Connected | undefined): unknown {
    return connectForm(pool, this.#take(requestedCheckouts(this)), callback)
  }

  query(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
    if (!runsItself(pool, config)) return queryThrough(pool, config, values, callback)
    const { done, returned } = queryForm(pool, values, callback)
    this.#run(config, values, done)
    return returned
  }

  end(pool: BasePool, callback: Ended | undefined): unknown {
    return endForm(
      pool,
      this.#lifetime.end(() => this.#router.end()),
      callback,
    )
  }

  session(options: SessionOptions): Session {
    const { executors, sessions } = this.#router
    if (options.tier !== undefined) executors.named(options.tier)
    return new Session(sessions, sessions.begin(checkSessionOptions(options)))
  }

  primary(pool: BasePool): PgPool {
    if (this.#primary !== undefined) return this.#primary
    const checkouts = this.#checkoutsFor({ tier: undefined, primaryOnly: true, isEager: true })
    this.#primary = primaryView(this.#options.Base, {
      options: withPassword(this.#options.pool.options),
      count: (name) => {
        const node = this.#router.cluster.primary()
        return (node && this.#router.nodes.get(node.id)?.[name]) ?? 0
      },
      take: () => takeThrough(pool, checkouts),
    })
    return this.#primary
  }

  tier(pool: BasePool, name: string): TierSource {
    this.#router.executors.named(tierOf(name))
    const checkouts = this.#checkoutsOf(name)
    return {
      pool,
      options: withPassword(this.#options.pool.options),
      run: this.#runner(name),
      take: () => takeThrough(pool, checkouts),
    }
  }

  explain(query: string | (QueryConfig & RouteRequest)): Promise<Explanation> {
    const { decider, sessions } = this.#router
    return decider.explain(normalizeQuery(query, undefined), sessions.context.current())
  }

  ready(): Promise<void> {
    return this.#router.readiness.ready()
  }

  stats(): PoolStats {
    return this.#router.stats()
  }

  waiting(): readonly WaitingStatement[] {
    return this.#router.tracer.waiting()
  }

  setNodes(nodes: readonly (string | ReplicaOptions)[]): void {
    const configs = nodesFrom(this.#options.resolved.pgOptions, nodes)
    this.#router.roster.set(configs.map(this.#live.adopt))
  }

  /** Returns a function that runs queries of the pool or of one tier. */
  #runner(tier?: string): RunQuery {
    const { pool } = this.#options
    const { dispatcher, hooks, sessions, tracer } = this.#router
    return (config, values, done) => {
      const refusal = refusalOf(pool)
      if (refusal !== undefined) return done(refusal)
      try {
        if (isSubmittable(config)) return this.#checkoutsOf(tier).submit(config, done)
        const query = normalizeQuery(config, values).inTier(tier)
        const acquire = hooks.acquiring(pool)
        this.#lifetime.begun()
        const options = acquire === undefined ? NOTHING_BESIDES : { acquire }
        const over =
          (answered: Done): Done =>
          (error, result) => {
            this.#lifetime.over()
            query.end(answered, error, result)
          }
        const session = sessions.context.current()
        if (!tracer.isOn) return dispatcher.submit(query, session, options, over(done))
        tracer.run(query, done, (answered) => dispatcher.submit(query, session, options, over(answered)))
      } catch (error) {
        done(asError(error))
      }
    }
  }

  #take(checkouts: Checkouts = this.#checkoutsOf(undefined)): Promise<PoolClient> {
    const refusal = refusalOf(this.#options.pool)
    return refusal === undefined ? checkouts.take() : Promise.reject(refusal)
  }

  #checkoutsOf(tier: string | undefined): Checkouts {
    const known = this.#checkouts.get(tier)
    if (known !== undefined) return known
    const isEager = this.#options.resolved.checkout === 'eager'
    const checkouts = this.#checkoutsFor({ tier, primaryOnly: false, isEager })
    this.#checkouts.set(tier, checkouts)
    return checkouts
  }

  #checkoutsFor(kind: ClientKind): Checkouts {
    const { RoutedClient, pool, resolved } = this.#options
    return new Checkouts({
      ClientClass: RoutedClient,
      router: this.#router,
      config: resolved.nodes[0]?.options ?? resolved.pgOptions,
      kind,
      max: Number(pool.options.max),
      acquiring: () => this.#router.hooks.acquiring(pool),
      leaks: this.#leaks,
      usage: this.#lifetime,
    })
  }
}

/** Re-emits the events of every node's connections on the pool. */
function eventsOf(
  { pool, resolved }: RoutedCoreOptions,
  router: () => Router,
  primary: () => PgPool | undefined,
): LeasePoolListener {
  return {
    connected: (client, node) => router().hooks.connected(pool, node, client),
    released: (error, client) => router().hooks.released(pool, error, client),
    removed: (client) => router().hooks.notify(pool, 'remove', client),
    hasHooks: () => hasHooks(pool, [resolved.pgOptions, ...resolved.nodes.map((node) => node.options)]),
    opened: (node, client, proceed) => router().connectionOpened(node, client, proceed),
    idleError: (node, error, client) => {
      router().connectionLost(node, error)
      // The router handles a lost replica. A lost primary must not end a process without an `error` listener.
      if (router().transitions.lastRoleOf(node) === 'replica') return
      for (const each of [pool, primary()]) {
        if (each === undefined || each.listenerCount('error') === 0) continue
        router().hooks.notify(each, 'error', error, client)
      }
    },
  }
}
