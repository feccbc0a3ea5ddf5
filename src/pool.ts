import { Client, Pool as PgPool } from 'pg'
import type {
  PoolClient,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
  Submittable,
} from 'pg'
import { RoutedClient } from './client.ts'
import type { PoolOptions, ReplicaOptions } from './config/options.ts'
import { nodesFrom } from './config/nodes.ts'
import { settingsOf, type Settings } from './config/settings.ts'
import { asError } from './errors/as-error.ts'
import { SwitchyardError } from './errors/error.ts'
import type { Done } from './execution/execution.ts'
import type { LeasePoolListener } from './nodes/lease-pool.ts'
import type { ServerNode } from './nodes/server-node.ts'
import type { RouterEventEmitter } from './observability/events.ts'
import type { Explanation } from './observability/explain.ts'
import type { PoolStats } from './observability/stats.ts'
import { inThisContext } from './platform/async-context.ts'
import { systemPlatform } from './platform/system.ts'
import { callbackOf, isSubmittable, normalizeQuery, promised } from './query-arguments.ts'
import { Router } from './router.ts'
import { Session } from './session.ts'
import { checkSessionOptions, type SessionOptions } from './session-options.ts'
import type { RouteRequest } from './routing/decide.ts'
import { runTransaction } from './transaction.ts'
import { checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

type ConnectCallback = Parameters<PgPool['connect']>[0]

/**
 * A drop-in for `pg.Pool`. Proven reads go to the replicas, everything else to the primary, and what a session wrote it
 * reads. Without replicas, and with one host, it behaves as `pg.Pool` does.
 */
export class Pool extends PgPool {
  readonly #settings: Settings
  readonly #router: Router
  /** One node: there is nothing to route, and pg.Pool does the work. */
  readonly #isSingle: boolean
  /** Clients that are checked out, and queries of the pool's own that are under way. */
  #busy = 0
  #whenIdle: (() => void) | undefined

  // The types of node-postgres call these properties, which no accessor may override; at run time they are accessors.
  static {
    for (const name of ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const) {
      const get = function (this: Pool): number {
        return this.#isSingle ? Reflect.get(PgPool.prototype, name, this) : this.#sum((node) => node[name])
      }
      Object.defineProperty(Pool.prototype, name, { get, configurable: true })
    }
  }

  /** Does no I/O. Throws `SWITCHYARD_UNKNOWN_OPTION` or `SWITCHYARD_INVALID_OPTION`, naming what is wrong. */
  constructor(options: PoolOptions = {}) {
    const settings = settingsOf(options)
    super(settings.pgOptions)
    this.#isSingle = settings.nodes.length === 1 && settings.discovery === undefined
    this.#settings = settings
    const ClientClass = (settings.pgOptions.Client as typeof Client | undefined) ?? Client
    this.#router = new Router(settings, ClientClass, this.#eventsOfNodes())
  }

  /** What happens to the cluster. Pool events of node-postgres are on the pool itself. */
  get events(): RouterEventEmitter {
    return this.#router.events
  }

  /**
   * Runs `fn` in a session of its own: what it writes, it reads, through everything that it awaits, and its reads never go
   * back to something older. Code outside of any session shares the pool's own session. Within another session it sees what
   * that one has written, and that one sees what it writes.
   */
  withSession<T>(fn: (session: Session) => T): T
  withSession<T>(options: SessionOptions, fn: (session: Session) => T): T
  withSession<T>(given: SessionOptions | ((session: Session) => T), fn?: (session: Session) => T): T {
    if (typeof given === 'function') return this.session().run(given)
    if (typeof fn !== 'function') throw new TypeError('withSession() needs a function to run')
    return this.session(given).run(fn)
  }

  /** A session to run code in, now and later: `session.run(fn)`. Throws `SWITCHYARD_INVALID_OPTION`. */
  session(options: SessionOptions = {}): Session {
    const { sessions } = this.#router
    return new Session(sessions, sessions.begin(checkSessionOptions(options)))
  }

  /**
   * Runs `fn` in a transaction on a client of its own: COMMIT when it has ended, ROLLBACK when it throws, and what it threw is
   * rethrown. The client is given back by itself; its `release()` throws meanwhile. With `readOnly` it runs on a replica that
   * shows what its session has written.
   *
   * Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`, and `SWITCHYARD_TRANSACTION_ABORTED` when `fn` has
   * caught the error of a statement and gone on, so that PostgreSQL could only roll back. An error of COMMIT whose outcome is
   * `unknown` (see `outcomeOf`) is never followed by another attempt.
   */
  async transaction<T>(
    fn: (client: PoolClient) => T | Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    if (typeof fn !== 'function') throw new TypeError('transaction() needs a function to run')
    checkTransactionOptions(options)
    return runTransaction({ connect: () => this.connect(), platform: systemPlatform }, fn, options)
  }

  /** What would happen to this statement now, each decision with its reason. Nothing is run. */
  explain(query: string | (QueryConfig & RouteRequest)): Promise<Explanation> {
    const { text, request } = normalizeQuery(query, undefined)
    return this.#router.explain(text, request)
  }

  /** Per node role, state, lag and counters; the share of reads off the primary. Empty without replicas. */
  stats(): PoolStats {
    return this.#isSingle ? { nodes: [], catalog: 'builtin', reads: 0, offload: 0 } : this.#router.stats()
  }

  /**
   * Uses these nodes from now on: the whole cluster, in any order, roles are asked. Each is given as replicas are, and may
   * have a weight; with weight 0 a replica gets no new reads. A node that is not in the list any more finishes what it has,
   * and nothing is cut. With `discovery`, its next list replaces this one.
   *
   * Throws `SWITCHYARD_INVALID_OPTION`, `SWITCHYARD_UNKNOWN_OPTION`, or `SWITCHYARD_SINGLE_NODE` where the pool was made
   * without replicas, and does what `pg.Pool` does.
   */
  setNodes(nodes: readonly (string | ReplicaOptions)[]): void {
    if (this.#isSingle) {
      const message = 'This pool was made with one node and without "discovery", so it stays on that node'
      throw new SwitchyardError('SWITCHYARD_SINGLE_NODE', message)
    }
    this.#router.setNodes(nodesFrom(this.#settings.pgOptions, nodes))
  }

  override connect(): Promise<PoolClient>
  override connect(callback: NonNullable<ConnectCallback>): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (this.#isSingle) return callback === undefined ? super.connect() : super.connect(callback)
    if (typeof callback !== 'function') return this.#checkOut()
    const bound = inThisContext(callback)
    this.#checkOut().then(
      (client) => bound(undefined, client, Reflect.get(client, 'release')),
      (error: Error) => bound(error, undefined, () => {}),
    )
  }

  // The overloads of node-postgres' own types; their `any` is what makes untyped rows usable.
  /* oxlint-disable typescript/no-explicit-any */
  override query<T extends Submittable>(queryStream: T): T
  override query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I> & RouteRequest,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>
  override query<R extends QueryResultRow = any, I = any[]>(
    queryConfig: QueryConfig<I> & RouteRequest,
  ): Promise<QueryResult<R>>
  override query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | (QueryConfig<I> & RouteRequest),
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>
  override query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I> & RouteRequest,
    callback: (err: Error, result: QueryArrayResult<R>) => void,
  ): void
  override query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | (QueryConfig<I> & RouteRequest),
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  override query<R extends QueryResultRow = any, I = any[]>(
    queryText: string,
    values: QueryConfigValues<I>,
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  override query(config: any, values?: any, callback?: any): any {
    if (this.#isSingle) return super.query(config, values, callback)
    // pg-pool refuses a function in the place of the query, in its own way.
    if (typeof config === 'function') return super.query(config)
    // Unlike a client, pg.Pool does not look for a callback in the configuration.
    const given = callbackOf(undefined, values, callback)
    if (given === undefined) return promised((done) => this.#run(config, values, done))
    this.#run(config, values, inThisContext(given))
  }
  /* oxlint-enable typescript/no-explicit-any */

  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: (error?: Error) => void): Promise<void> | void {
    const ended = this.#end()
    if (typeof callback !== 'function') return ended
    ended.then(() => callback(), callback)
  }

  #run(config: unknown, values: unknown, done: Done): void {
    if (this.ending) return done(new Error('Cannot use a pool after calling end on the pool'))
    try {
      const query = normalizeQuery(config, values)
      const sql = isSubmittable(config) ? undefined : query.text
      const session = this.#router.sessions.context.current()
      this.#busy += 1
      const finished: Done = (error, result) => {
        this.#released()
        done(error, result)
      }
      const { canPipeline, plain, request, send } = query
      this.#router.run({ sql, request, session, send, canPipeline, plain }, finished)
    } catch (error) {
      done(asError(error))
    }
  }

  async #checkOut(): Promise<PoolClient> {
    if (this.ending) throw new Error('Cannot use a pool after calling end on the pool')
    this.#busy += 1
    try {
      await this.#router.servable()
      return new RoutedClient(this.#router, () => this.#released()) as unknown as PoolClient
    } catch (error) {
      this.#released()
      throw error
    }
  }

  #released(): void {
    this.#busy -= 1
    if (this.#busy === 0) this.#whenIdle?.()
  }

  async #end(): Promise<void> {
    if (this.ending) throw new Error('Called end on pool more than once')
    if (this.#isSingle) {
      await Promise.all([super.end(), this.#router.end()])
      return
    }
    Object.assign(this, { ending: true })
    // As with pg.Pool, what is under way comes to its end, and who has a client goes on.
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await this.#router.end()
    Object.assign(this, { ended: true })
  }

  #sum(of: (node: ServerNode) => number): number {
    let sum = 0
    for (const node of this.#router.nodes) sum += of(node)
    return sum
  }

  /** Shows the events of every node's connections on this pool, as if they were its own. */
  #eventsOfNodes(): LeasePoolListener {
    return {
      connected: (client) => this.emit('connect', client),
      acquired: (client) => this.emit('acquire', client),
      released: (error, client) => this.emit('release', error, client),
      removed: (client) => this.emit('remove', client),
      opened: (node, client, proceed) => this.#router.opened(node, client, proceed),
      idleError: (node, error, client) => {
        this.#router.connectionLost(node, error)
        // A replica that dies is the router's business. Nor does a primary's death end a process that does not listen.
        const isPrimary = this.#router.lastRoleOf(node) !== 'replica'
        if (isPrimary && this.listenerCount('error') > 0) this.emit('error', error, client)
      },
    }
  }
}
