import type { EventEmitter } from 'node:events'
import type { Client, Pool as PgPool, PoolClient, PoolConfig, QueryConfig } from 'pg'
import { connectForm, endForm, queryForm, type Connected, type Ended } from './callback-forms.ts'
import { clientThrough, queryThrough, requestedCheckouts, takeThrough } from './connect-through.ts'
import { Checkouts } from '../client/checkouts.ts'
import { LeakWatch } from '../client/leak-watch.ts'
import type { ClientKind } from '../client/client-kind.ts'
import { isSubmittable, normalizeQuery, tierOf } from '../client/query-arguments.ts'
import { knowSelf, selfOf } from '../client/self.ts'
import type { Explaining, RoutedClientClass } from '../client/routed-client.ts'
import type { PoolOptions, ReplicaOptions } from '../config/options.ts'
import { nodesFrom } from '../config/nodes.ts'
import { settingsOf, type Settings } from '../config/settings.ts'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Done } from '../execution/execution.ts'
import type { LeasePoolListener } from '../nodes/lease-pool.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import { connectBy } from '../platform/connect.ts'
import { systemPlatform } from '../platform/system.ts'
import type { PoolClass, TierPool } from './pool-contract.ts'
import { COUNTS, countsOf, NO_CONNECTIONS, type Count } from './pool-counts.ts'
import { primaryViewClass } from './primary-view.ts'
import { composeRouter, type Router } from '../router/compose-router.ts'
import { Session } from './session.ts'
import { checkSessionOptions, type SessionOptions } from '../router/session-options.ts'
import { LiveOptions, showNode, shownOptions } from './live-options.ts'
import type { RouteRequest } from '../routing/decide.ts'
import { tierPoolClass } from './tier-pool.ts'
import { runTransaction } from './transaction.ts'
import { checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

/** `pg.Pool` of a copy, as far as it is built upon: its own types have overloads that only callers need. */
interface Base extends EventEmitter {
  options: PoolConfig
  readonly Promise: PromiseConstructor
  readonly ending: boolean
  connect(callback?: Connected): unknown
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
}
type BaseClass = new (options?: PoolConfig) => Base

/** What of a copy of node-postgres a pool is made of. */
export interface PoolParts {
  readonly Pool: typeof PgPool
  readonly Client: typeof Client
  readonly RoutedClient: RoutedClientClass
  /** Makes the class of routed clients upon an application's own class of clients. */
  readonly routedClientClass: (ClientClass: typeof Client) => RoutedClientClass
  /** Options that count where none are given. */
  readonly defaults: PoolOptions
}

/** Makes `Pool` upon a copy's own: see `Pool` for what its methods do. */
export function poolClass(parts: PoolParts): PoolClass {
  const Parent = parts.Pool as unknown as BaseClass
  const PrimaryView = primaryViewClass(parts.Pool)
  const TierPool = tierPoolClass(parts.Pool)

  class Pool extends Parent {
    readonly #settings: Settings
    readonly #router: Router
    /** One node: there is nothing to route, and pg.Pool does the work. */
    readonly #isSingle: boolean
    readonly #checkouts: Checkouts
    readonly #leaks: LeakWatch | undefined
    /** Absent where there is one node: pg.Pool reads its options itself. */
    readonly #live: LiveOptions | undefined
    #primary: PgPool | undefined
    /** Clients that are checked out, and queries of the pool's own that are under way. */
    #busy = 0
    #whenIdle: (() => void) | undefined
    #isQuerying = false

    static {
      for (const name of COUNTS) {
        const get = function (this: Pool): number {
          const self = selfOf(this)
          return self.#isSingle ? Reflect.get(Parent.prototype, name, this) : self.#sum(name)
        }
        Object.defineProperty(Pool.prototype, name, { get, configurable: true })
      }
    }

    constructor(given?: PoolOptions | null) {
      const settings = settingsOf({ ...parts.defaults, ...withPassword(given ?? {}) })
      const { discovery, nodes, tiers } = settings
      const isSingle = nodes.length === 1 && discovery === undefined && tiers === undefined
      super(isSingle ? settings.pgOptions : shownOptions(settings))
      knowSelf(this)
      this.#isSingle = isSingle
      this.#settings = settings
      const ClientClass = (settings.pgOptions.Client as typeof Client | undefined) ?? parts.Client
      if (!isSingle) this.#live = new LiveOptions(this.options, nodes[0]?.id)
      this.options = this.#live?.shown ?? this.options
      this.#router = composeRouter({
        settings: this.#live?.settings(settings) ?? settings,
        platform: systemPlatform,
        connect: connectBy(ClientClass),
        listener: this.#eventsOfNodes(),
      })
      if (!isSingle) this.#router.readiness.warm()
      this.#leaks = this.#leakWatch()
      this.#checkouts = this.#checkoutsOf()
      this.events.on('primaryChanged', ({ to }) => this.#follow(to))
    }

    get events(): RouterEventEmitter {
      return selfOf(this).#router.events
    }

    get primary(): PgPool {
      const self = selfOf(this)
      return (self.#primary ??= self.#view(this))
    }

    withSession<T>(given: SessionOptions | ((session: Session) => T), fn?: (session: Session) => T): T {
      if (typeof given === 'function') return this.session().run(given)
      if (typeof fn !== 'function') throw new TypeError('withSession() needs a function to run')
      return this.session(given).run(fn)
    }

    session(options: SessionOptions = {}): Session {
      const { executors, sessions } = selfOf(this).#router
      if (options.tier !== undefined) executors.named(options.tier)
      return new Session(sessions, sessions.begin(checkSessionOptions(options)))
    }

    async transaction<T>(
      fn: (client: PoolClient) => T | Promise<T>,
      options: TransactionOptions = {},
    ): Promise<T> {
      if (typeof fn !== 'function') throw new TypeError('transaction() needs a function to run')
      checkTransactionOptions(options)
      return runTransaction({ connect: () => clientThrough(this), platform: systemPlatform }, fn, options)
    }

    tier(name: string): TierPool {
      const self = selfOf(this)
      self.#router.executors.named(tierOf(name))
      const checkouts = self.#checkoutsOfTier(name)
      return new TierPool({
        pool: this,
        options: () => withPassword(self.options),
        run: (config, values, done) => self.#run(config, values, done, name),
        take: () => takeThrough(this, checkouts),
        isBypassed: () => this.connect !== ownConnect,
      })
    }

    explain(query: string | (QueryConfig & RouteRequest), client?: PoolClient): Promise<Explanation> {
      if (client !== undefined && 'explain' in client)
        return (client as PoolClient & Explaining).explain(query)
      const { decider, sessions } = selfOf(this).#router
      return decider.explain(normalizeQuery(query, undefined), sessions.context.current())
    }

    async ready(): Promise<void> {
      if (this.ending) throw new Error('Cannot use a pool after calling end on the pool')
      if (!this.#isSingle) await this.#router.readiness.ready()
    }

    stats(): PoolStats {
      const self = selfOf(this)
      return self.#isSingle ? { nodes: [], catalog: 'builtin', reads: 0, offload: 0 } : self.#router.stats()
    }

    setNodes(nodes: readonly (string | ReplicaOptions)[]): void {
      const self = selfOf(this)
      if (self.#isSingle) {
        const message = 'This pool was made with one node and without "discovery", so it stays on that node'
        throw new SwitchyardError('SWITCHYARD_SINGLE_NODE', message)
      }
      const configs = nodesFrom(self.#settings.pgOptions, nodes)
      self.#router.roster.set(self.#live === undefined ? configs : configs.map(self.#live.adopt))
    }

    override connect(callback?: Connected): unknown {
      const self = selfOf(this)
      if (self.#isSingle) return self.#connectSingle((given) => super.connect(given), callback)
      return connectForm(self.#take(requestedCheckouts(self)), callback, self.Promise)
    }

    override query(config: unknown, values?: unknown, callback?: unknown): unknown {
      const self = selfOf(this)
      if (self.#isSingle) return self.#querySingle(() => super.query(config, values, callback))
      // pg-pool refuses a function in the place of the query, in its own way. And a `connect` that is not ours has to be
      // asked for the client, as pg-pool does.
      if (typeof config === 'function' || this.connect !== ownConnect) {
        return queryThrough(this, parentQuery, [config, values, callback])
      }
      return queryForm((...query) => self.#run(...query), config, values, callback, self.Promise)
    }

    override end(callback?: Ended): unknown {
      const self = selfOf(this)
      return endForm(
        self.#end(() => super.end()),
        callback,
        self.Promise,
      )
    }

    #run(config: unknown, values: unknown, done: Done, tier?: string): void {
      if (this.ending) return done(new Error('Cannot use a pool after calling end on the pool'))
      try {
        if (isSubmittable(config)) return this.#checkoutsOfTier(tier).submit(config, done)
        const query = normalizeQuery(config, values).inTier(tier)
        const { dispatcher, hooks, sessions } = this.#router
        const acquire = hooks.acquiring(this)
        this.#busy += 1
        dispatcher.submit(query, sessions.context.current(), { acquire }, (error, result) => {
          this.#released()
          done(error, result)
        })
      } catch (error) {
        done(asError(error))
      }
    }

    #take(checkouts: Checkouts = this.#checkouts): Promise<PoolClient> {
      if (!this.ending) return checkouts.take()
      return Promise.reject(new Error('Cannot use a pool after calling end on the pool'))
    }

    #connectSingle(connect: (callback?: Connected) => unknown, callback: Connected | undefined): unknown {
      const leaks = this.#leaks
      // What is asked of the pool itself is given back by the pool itself.
      if (leaks === undefined || this.#isQuerying) return connect(callback)
      const stack = leaks.here()
      if (typeof callback === 'function') {
        return connect((error, client, done) => {
          if (client !== undefined) leaks.out(client, stack)
          callback(error, client, done)
        })
      }
      return (connect() as Promise<PoolClient>).then((client) => {
        leaks.out(client, stack)
        return client
      })
    }

    #querySingle(query: () => unknown): unknown {
      this.#isQuerying = true
      try {
        return query()
      } finally {
        this.#isQuerying = false
      }
    }

    #released(): void {
      this.#busy -= 1
      if (this.#busy === 0) this.#whenIdle?.()
    }

    async #end(endSingle: () => unknown): Promise<void> {
      if (this.ending) throw new Error('Called end on pool more than once')
      if (this.#isSingle) {
        await Promise.all([endSingle(), this.#router.end()])
        return
      }
      Object.assign(this, { ending: true })
      // As with pg.Pool, what is under way comes to its end, and who has a client goes on.
      if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
      await this.#router.end()
      Object.assign(this, { ended: true })
    }

    #sum(name: Count): number {
      let sum = 0
      for (const node of this.#router.nodes) sum += node[name]
      return sum
    }

    #checkoutsOfTier(tier: string | undefined): Checkouts {
      return tier === undefined ? this.#checkouts : this.#checkoutsOf({ tier })
    }

    #checkoutsOf({ tier, primaryOnly = false }: Partial<ClientKind> = {}): Checkouts {
      const { checkout, nodes, pgOptions } = this.#settings
      return new Checkouts({
        ClientClass: this.#clientClass(),
        router: this.#router,
        config: nodes[0]?.options ?? pgOptions,
        kind: { tier, primaryOnly, isEager: primaryOnly || checkout === 'eager' },
        max: Number(this.options.max),
        acquiring: () => this.#router.hooks.acquiring(this),
        leaks: this.#leaks,
        usage: { begun: () => (this.#busy += 1), over: () => this.#released() },
      })
    }

    /** Clients have what the application's own class has. Its `query` runs on the connections. */
    #clientClass(): RoutedClientClass {
      const own = this.#settings.pgOptions.Client as typeof Client | undefined
      const isOfCopy = own !== undefined && own.prototype instanceof parts.Client
      return isOfCopy ? parts.routedClientClass(own) : parts.RoutedClient
    }

    #leakWatch(): LeakWatch | undefined {
      const { leakWarningMs } = this.#settings
      if (leakWarningMs === undefined) return undefined
      const leaks = new LeakWatch(systemPlatform, leakWarningMs, (leak) =>
        this.#router.tell('clientLeaked', leak),
      )
      if (this.#isSingle) this.on('release', (_error, client: PoolClient) => leaks.back(client))
      return leaks
    }

    /** @param pool This pool, or the proxy of it that was asked. */
    #view(pool: Pool): PgPool {
      const options = (): PoolConfig => withPassword(this.options)
      if (this.#isSingle) {
        const counts = (): Record<Count, number> => countsOf(this as unknown as Record<Count, number>)
        return new PrimaryView({ options, counts, take: () => clientThrough(pool) })
      }
      const checkouts = this.#checkoutsOf({ primaryOnly: true })
      const counts = (): Record<Count, number> => countsOf(this.#primaryNode() ?? NO_CONNECTIONS)
      return new PrimaryView({ options, counts, take: () => takeThrough(pool, checkouts) })
    }

    #primaryNode(): Record<Count, number> | undefined {
      const { cluster, nodes } = this.#router
      const primary = cluster.primary()
      return primary === undefined ? undefined : nodes.get(primary.id)
    }

    /** What tools read of the pool's options leads to the primary that is. */
    #follow(to: string): void {
      const config = this.#router.nodes.configOf(to)
      if (config === undefined) return
      this.#live?.show(config)
      if (this.#live !== undefined && this.#primary !== undefined)
        showNode(this.#primary.options, config.options)
    }

    /** Shows the events of every node's connections on this pool, as if they were its own. */
    #eventsOfNodes(): LeasePoolListener {
      return {
        connected: (client, node) => this.#router.hooks.connected(this, node, client),
        released: (error, client) => this.#router.hooks.released(this, error, client),
        removed: (client) => this.#router.hooks.notify(this, 'remove', client),
        opened: (node, client, proceed) => this.#router.consequences.opened(node, client, proceed),
        idleError: (node, error, client) => {
          this.#router.connectionLost(node, error)
          // A replica that dies is the router's business. Nor does a primary's death end a process that does not listen.
          if (this.#router.transitions.lastRoleOf(node) === 'replica') return
          for (const pool of [this, this.#primary]) {
            if (pool === undefined || pool.listenerCount('error') === 0) continue
            this.#router.hooks.notify(pool, 'error', error, client)
          }
        },
      }
    }
  }
  const ownConnect: unknown = Reflect.get(Pool.prototype, 'connect')
  const parentQuery: unknown = Reflect.get(Parent.prototype, 'query')

  return Pool as unknown as PoolClass
}

/** A copy that has the password too, which node-postgres does not let be enumerated. */
function withPassword<T extends PoolConfig>(options: T): T {
  return options.password === undefined ? { ...options } : { ...options, password: options.password }
}
