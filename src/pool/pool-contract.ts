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
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { RouteRequest } from '../routing/decide.ts'
import type { Session } from './session.ts'
import type { SessionOptions } from '../router/session-options.ts'
import type { TransactionOptions } from './transaction-options.ts'

/**
 * A drop-in for `pg.Pool`. Proven reads go to the replicas, everything else to the primary, and what a session wrote it
 * reads. Without replicas, and with one host, it behaves as `pg.Pool` does.
 */
export interface Pool extends PgPool {
  /** What happens to the cluster. Pool events of node-postgres are on the pool itself. */
  readonly events: RouterEventEmitter

  /**
   * The same connections as a plain `pg.Pool`, for tools that must see the primary: migrations, job queues, LISTEN. Whatever is
   * asked of it goes to whoever is the primary then, and what it writes this pool reads. Ending it ends nothing else.
   */
  readonly primary: PgPool

  /**
   * Runs `fn` in a session of its own: what it writes, it reads, through everything that it awaits, and its reads never go
   * back to something older. Code outside of any session shares the pool's own session. Within another session it sees what
   * that one has written, and that one sees what it writes.
   */
  withSession<T>(fn: (session: Session) => T): T
  withSession<T>(options: SessionOptions, fn: (session: Session) => T): T

  /** A session to run code in, now and later: `session.run(fn)`. Throws `SWITCHYARD_INVALID_OPTION`. */
  session(options?: SessionOptions): Session

  /**
   * Runs `fn` in a transaction on a client of its own: COMMIT when it has ended, ROLLBACK when it throws, and what it threw is
   * rethrown. The client is given back by itself; its `release()` throws meanwhile. With `readOnly` it runs on a replica that
   * shows what its session has written.
   *
   * Throws `SWITCHYARD_INVALID_OPTION` and `SWITCHYARD_UNKNOWN_OPTION`, and `SWITCHYARD_TRANSACTION_ABORTED` when `fn` has
   * caught the error of a statement and gone on, so that PostgreSQL could only roll back. An error of COMMIT whose outcome is
   * `unknown` (see `outcomeOf`) is never followed by another attempt.
   */
  transaction<T>(fn: (client: PoolClient) => T | Promise<T>, options?: TransactionOptions): Promise<T>

  /**
   * This pool for one class of work, wherever a `pg.Pool` is expected: what is queried, connected or run in a transaction over
   * it belongs to the tier. Throws `SWITCHYARD_INVALID_OPTION` when there is no such tier.
   */
  tier(name: string): TierPool

  /**
   * What would happen to this statement now, each decision with its reason. Nothing is run. With a client of this pool, as the
   * next statement of that client: its transaction, and what it has left on its connection (`pins`), bind it.
   */
  explain(query: string | (QueryConfig & RouteRequest), client?: PoolClient): Promise<Explanation>

  /**
   * Resolves when every node has answered or failed to, and what is in the database is known: from then on a first read may
   * run on a replica. Without it a pool finds this out beside its first statements. With one node there is nothing to find
   * out, and it resolves at once, whether or not the server answers.
   *
   * Rejects when statements would fail too (wrong options, no primary within `failoverTimeoutMs`, no parser), when the primary does not
   * say what is in the database, and when the pool has ended. A later call tries again, and so does the pool by itself.
   */
  ready(): Promise<void>

  /** Per node role, state, lag and counters; the share of reads off the primary. Empty without replicas. */
  stats(): PoolStats

  /**
   * Uses these nodes from now on: the whole cluster, in any order, roles are asked. Each is given as replicas are, and may
   * have a weight; with weight 0 a replica gets no new reads. A node that is not in the list any more finishes what it has,
   * and nothing is cut. With `discovery`, its next list replaces this one.
   *
   * Throws `SWITCHYARD_INVALID_OPTION`, `SWITCHYARD_UNKNOWN_OPTION`, or `SWITCHYARD_SINGLE_NODE` where the pool was made
   * without replicas, and does what `pg.Pool` does.
   */
  setNodes(nodes: readonly (string | ReplicaOptions)[]): void

  // The overloads of node-postgres' own types; their `any` is what makes untyped rows usable.
  /* oxlint-disable typescript/no-explicit-any */
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
 * What `pool.tier()` gives. It has no connections of its own: its events and counters are those of the pool that it belongs
 * to, and to end it ends nothing.
 */
export interface TierPool extends Omit<PgPool, 'query'>, Pick<Pool, 'query' | 'transaction'> {}

/**
 * `new Pool(options)` does no I/O. Throws `SWITCHYARD_UNKNOWN_OPTION` or `SWITCHYARD_INVALID_OPTION`, naming what is wrong.
 */
export type PoolClass = new (options?: PoolOptions) => Pool
