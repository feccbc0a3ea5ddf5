import type { EventEmitter } from 'node:events'
import { Pool as PgPool } from 'pg'
import type { PoolClient, PoolConfig } from 'pg'
import type { Done } from './execution/execution.ts'
import { inThisContext } from './platform/async-context.ts'
import { systemPlatform } from './platform/system.ts'
import { callbackOf, promised } from './query-arguments.ts'
import { runTransaction } from './transaction.ts'
import { checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

/** What a tier needs of the pool that it belongs to. */
export interface TierPoolParts {
  readonly pool: PgPool
  readonly run: (config: unknown, values: unknown, done: Done) => void
  readonly checkOut: () => Promise<PoolClient>
}

type ConnectCallback = Parameters<PgPool['connect']>[0]

/**
 * A pool for one class of work, as `pool.tier()` gives it: wherever a `pg.Pool` is expected. It has no connections of its
 * own, so its events and counters are those of the pool that it belongs to, and to end it ends nothing.
 */
export class TierPool extends PgPool {
  readonly #parts: TierPoolParts

  static {
    for (const name of ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const) {
      const get = function (this: TierPool): number {
        return this.#parts.pool[name]
      }
      Object.defineProperty(TierPool.prototype, name, { get, configurable: true })
    }
    for (const name of ['on', 'once', 'off', 'addListener', 'removeListener'] as const) {
      const value = function (this: TierPool, event: string, listener: () => void): TierPool {
        const events: EventEmitter = this.#parts.pool
        events[name](event, listener)
        return this
      }
      Object.defineProperty(TierPool.prototype, name, { value, configurable: true, writable: true })
    }
  }

  /** @param options For node-postgres, which shows them. */
  constructor(options: PoolConfig, parts: TierPoolParts) {
    super(options)
    this.#parts = parts
  }

  override connect(): Promise<PoolClient>
  override connect(callback: NonNullable<ConnectCallback>): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    if (typeof callback !== 'function') return this.#parts.checkOut()
    const bound = inThisContext(callback)
    this.#parts.checkOut().then(
      (client) => bound(undefined, client, Reflect.get(client, 'release')),
      (error: Error) => bound(error, undefined, () => {}),
    )
  }

  /** As `Pool.transaction`. */
  async transaction<T>(
    fn: (client: PoolClient) => T | Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    if (typeof fn !== 'function') throw new TypeError('transaction() needs a function to run')
    checkTransactionOptions(options)
    return runTransaction({ connect: () => this.connect(), platform: systemPlatform }, fn, options)
  }

  // The overloads are those of node-postgres' own types.
  /* oxlint-disable typescript/no-explicit-any */
  override query: PgPool['query'] = ((config: any, values?: any, callback?: any): any => {
    const given = callbackOf(undefined, values, callback)
    if (given === undefined) return promised((done) => this.#parts.run(config, values, done))
    this.#parts.run(config, values, inThisContext(given))
  }) as PgPool['query']
  /* oxlint-enable typescript/no-explicit-any */

  /** Ends nothing: the connections are those of the pool that it belongs to. */
  override end(): Promise<void>
  override end(callback: () => void): void
  override end(callback?: () => void): Promise<void> | void {
    if (typeof callback !== 'function') return Promise.resolve()
    queueMicrotask(callback)
  }
}
