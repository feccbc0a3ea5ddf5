import type {
  Pool as PgPool,
  PoolClient,
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
  Submittable,
} from 'pg'
import type { PoolOptions, ReplicaOptions } from '../config/options.ts'
import type { DashboardHandler, DashboardOptions } from '../dashboard/handler.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Session } from './session.ts'
import type { SessionOptions } from '../router/session-options.ts'
import type { TransactionOptions } from './transaction-options.ts'

/**
 * A client of a pool: a `pg.PoolClient` whose queries take routing options, too.
 *
 * @example
 * const client: RoutedPoolClient = await pool.connect()
 * await client.query({ text: 'BEGIN READ ONLY', route: 'primary' })
 */
export interface RoutedPoolClient extends PoolClient {
  query: Pool['query']
}

/**
 * A drop-in for `pg.Pool`. Proven reads go to replicas, everything else goes to the primary, and each session reads its
 * own writes. Without replicas, and with one host, it behaves like `pg.Pool`.
 */
export interface Pool extends PgPool {
  /** Events of the cluster. Those of node-postgres are on the pool itself. */
  readonly events: RouterEventEmitter

  /**
   * A `pg.Pool` over the pool's connections to the primary, for tools that need it: migrations, job queues, LISTEN.
   * Each statement goes to the node that is the primary at that time, and reads of this pool show what it has written.
   * `end()` ends nothing else.
   */
  readonly primary: PgPool

  /**
   * Runs `fn` in its own session, which extends through everything that it awaits. It reads its own writes, and its
   * reads never go back to older data. Code outside of any session shares the pool's session. A session within another
   * one sees the outer one's writes, and the outer one sees its writes.
   */
  withSession<T>(fn: (session: Session) => T): T
  withSession<T>(options: SessionOptions, fn: (session: Session) => T): T

  /** Creates a session in which to run code: `session.run(fn)`. Throws `SWITCHYARD_INVALID_OPTION`. */
  session(options?: SessionOptions): Session

  /**
   * Runs `fn` in a transaction on a client of its own. Sends COMMIT when it has ended, or ROLLBACK when it throws, and
   * rethrows its error. The client is released automatically, and its `release()` throws meanwhile. With `readOnly` the
   * transaction runs on a replica that shows what its session has written.
   *
   * Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`, and `SWITCHYARD_TRANSACTION_ABORTED` when `fn`
   * has caught the error of a statement and continued, so that PostgreSQL could only roll back. After an error of
   * COMMIT with the outcome `unknown` (see `outcomeOf`) there is no retry.
   */
  transaction<T>(fn: (client: RoutedPoolClient) => T | Promise<T>, options?: TransactionOptions): Promise<T>

  /**
   * A `pg.Pool` for one class of work: its queries, clients and transactions belong to the tier. Throws
   * `SWITCHYARD_INVALID_OPTION` when there is no such tier.
   */
  tier(name: string): TierPool

  /**
   * Explains what the pool would do with this statement now, each decision with its reason. Nothing is run. With a
   * client of this pool, the statement is its next one. Its transaction, and state that it has left on its connection
   * (`pins`), bind it.
   */
  explain(query: string | (QueryConfig & RouteRequest), client?: PoolClient): Promise<Explanation>

  /**
   * Resolves when every node has answered or failed, and the catalog of the database is loaded: from then on reads may
   * run on replicas. Without this call a pool does both beside its first statements. With one node there is nothing to
   * wait for, and it resolves at once, whether or not the server answers.
   *
   * Rejects when statements would fail too: wrong options, no primary within `failoverTimeoutMs`, no parser. Rejects,
   * too, when the catalog cannot be loaded and when the pool has ended. A later call tries again, and so does the pool
   * by itself.
   */
  ready(): Promise<void>

  /** Role, state, lag and counters of each node, and the share of reads off the primary. With one node, only `traffic`. */
  stats(): PoolStats

  /**
   * Creates an http handler for a live page. It shows nodes, traffic, latencies, the latest statements with the reasons
   * for their routes, and statements that stay on the primary. It shows no parameter and no constant. Mount it under
   * any path. The page listens to the pool only while it has viewers. Without the option `authorize` it answers only
   * this machine itself.
   *
   * Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`.
   */
  dashboard(options?: DashboardOptions): DashboardHandler

  /**
   * Uses these nodes from now on: the whole cluster, in any order, since the servers tell their roles. Each is given in
   * the form of the option `replicas`; a replica with weight 0 gets no new reads. A node that is missing in the list
   * finishes the statements that it has. With `discovery`, its next list replaces this one.
   *
   * Throws `SWITCHYARD_INVALID_OPTION`, `SWITCHYARD_UNKNOWN_OPTION`, or `SWITCHYARD_SINGLE_NODE` when the pool was made
   * with one node.
   */
  setNodes(nodes: readonly (string | ReplicaOptions)[]): void

  // The overloads of node-postgres' own types, whose `any` makes untyped rows usable.
  /* oxlint-disable typescript/no-explicit-any */
  connect(): Promise<RoutedPoolClient>
  connect(
    callback: (
      err: Error | undefined,
      client: RoutedPoolClient | undefined,
      done: (release?: any) => void,
    ) => void,
  ): void
  query<T extends Submittable>(queryStream: T): T
  query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I> & RouteRequest,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>
  query<R extends QueryResultRow = any, I = any[]>(
    queryConfig: QueryConfig<I> & RouteRequest,
  ): Promise<QueryResult<R>>
  query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | (QueryConfig<I> & RouteRequest),
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>
  query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I> & RouteRequest,
    callback: (err: Error, result: QueryArrayResult<R>) => void,
  ): void
  query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | (QueryConfig<I> & RouteRequest),
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  query<R extends QueryResultRow = any, I = any[]>(
    queryText: string,
    values: QueryConfigValues<I>,
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  /* oxlint-enable typescript/no-explicit-any */
}

/**
 * The pool of one tier. It has no connections of its own: it shows the events and counters of the whole pool, and
 * `end()` ends nothing.
 *
 * @example
 * const batch: TierPool = pool.tier('batch')
 * await batch.query('SELECT count(*) FROM orders')
 */
export interface TierPool
  extends Omit<PgPool, 'connect' | 'query'>, Pick<Pool, 'connect' | 'query' | 'transaction'> {}

/**
 * `new Pool(options)` does no I/O. Throws `SWITCHYARD_UNKNOWN_OPTION` or `SWITCHYARD_INVALID_OPTION`, naming the
 * option.
 *
 * @example
 * const make = (Class: PoolClass) =>
 *   new Class({ host: 'primary', replicas: ['postgres://app@r1/shop'] })
 */
export type PoolClass = new (options?: PoolOptions) => Pool
