import { EventEmitter } from 'node:events'
import type { Pool, PoolClient, PoolConfig } from 'pg'
import { knowSelf, selfOf } from '../client/self.ts'
import { connectForm, endForm, queryForm, type Connected, type Ended } from './callback-forms.ts'
import { clientThrough, queryThrough } from './connect-through.ts'
import type { Done } from '../execution/execution.ts'
import { systemPlatform } from '../platform/system.ts'
import type { TierPool } from './pool-contract.ts'
import { runTransaction } from './transaction.ts'
import { checkTransactionOptions, type TransactionOptions } from './transaction-options.ts'

/** What a tier's pool needs of the pool that it belongs to. */
export interface TierSource {
  readonly pool: EventEmitter
  readonly options: () => PoolConfig
  readonly run: (config: unknown, values: unknown, done: Done) => void
  readonly take: () => Promise<PoolClient>
  /** True while clients come from a `connect()` of the pool that is the application's own: then queries need one, too. */
  readonly isBypassed: () => boolean
}

/** `pg.Pool` of a copy, as far as it is built upon. */
interface Base extends EventEmitter {
  readonly Promise: PromiseConstructor
  connect(callback?: Connected): unknown
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
}
type BaseClass = new (options?: PoolConfig) => Base
export type TierPoolClass = new (source: TierSource) => TierPool

const COUNTS = ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const
/** Everything that an `EventEmitter` does: the events of a tier's connections are its pool's. */
const LISTENING = Object.getOwnPropertyNames(EventEmitter.prototype).filter(
  (name) => name !== 'constructor' && typeof Reflect.get(EventEmitter.prototype, name) === 'function',
)

/** Makes the class of tiers' pools upon a copy's own `Pool`, whose instances they are. They have no connections of their own. */
export function tierPoolClass(PoolOfCopy: typeof Pool): TierPoolClass {
  const Parent = PoolOfCopy as unknown as BaseClass

  class TierPool extends Parent {
    readonly #source: TierSource

    static {
      for (const name of COUNTS) {
        const get = function (this: TierPool): unknown {
          return Reflect.get(selfOf(this).#source.pool, name)
        }
        Object.defineProperty(TierPool.prototype, name, { get, configurable: true })
      }
      for (const name of LISTENING) {
        const value = function (this: TierPool, ...args: readonly unknown[]): unknown {
          const { pool } = selfOf(this).#source
          const result: unknown = Reflect.apply(Reflect.get(pool, name) as () => unknown, pool, args)
          return result === pool ? this : result
        }
        Object.defineProperty(TierPool.prototype, name, { value, configurable: true, writable: true })
      }
    }

    constructor(source: TierSource) {
      super(source.options())
      knowSelf(this)
      this.#source = source
    }

    override connect(callback?: Connected): unknown {
      return connectForm(selfOf(this).#source.take(), callback, this.Promise)
    }

    override query(config: unknown, values?: unknown, callback?: unknown): unknown {
      const { isBypassed, run } = selfOf(this).#source
      if (this.connect !== ownConnect || isBypassed())
        return queryThrough(this, parentQuery, [config, values, callback])
      return queryForm(run, config, values, callback, this.Promise)
    }

    async transaction<T>(
      fn: (client: PoolClient) => T | Promise<T>,
      options: TransactionOptions = {},
    ): Promise<T> {
      if (typeof fn !== 'function') throw new TypeError('transaction() needs a function to run')
      checkTransactionOptions(options)
      return runTransaction({ connect: () => clientThrough(this), platform: systemPlatform }, fn, options)
    }

    override end(callback?: Ended): unknown {
      return endForm(Promise.resolve(), callback, this.Promise)
    }
  }
  const ownConnect: unknown = Reflect.get(TierPool.prototype, 'connect')
  const parentQuery: unknown = Reflect.get(Parent.prototype, 'query')
  Object.defineProperty(TierPool, 'name', { value: 'Pool' })
  return TierPool as unknown as TierPoolClass
}
