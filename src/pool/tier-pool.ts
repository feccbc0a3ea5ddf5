import { EventEmitter } from 'node:events'
import type { PoolClient, PoolConfig } from 'pg'
import {
  connectForm,
  endForm,
  queryForm,
  type Connected,
  type Ended,
  type RunQuery,
} from './callback-forms.ts'
import { queryThrough, runsItself } from './connect-through.ts'
import {
  CORE,
  hasOwnConnect,
  type BaseCore,
  type BasePool,
  type Count,
  type PoolBaseClass,
} from './pool-base.ts'
import type { TierPool } from './pool-contract.ts'
import { transactionOver } from './transaction.ts'
import type { TransactionOptions } from './transaction-options.ts'

/** A tier of a pool. */
export interface TierSource {
  /** The pool whose connections it uses. */
  readonly pool: BasePool
  readonly options: PoolConfig
  readonly run: RunQuery
  readonly take: () => Promise<PoolClient>
}

class TierCore implements BaseCore {
  readonly source: TierSource

  constructor(source: TierSource) {
    this.source = source
  }

  count(_pool: BasePool, name: Count): number {
    return this.source.pool[name]
  }

  connect(pool: BasePool, callback: Connected | undefined): unknown {
    return connectForm(pool, this.source.take(), callback)
  }

  query(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
    const { pool: whole, run } = this.source
    // Its clients come from the `connect()` of the whole pool, which the application may have overridden.
    const isOurs = hasOwnConnect(whole) && runsItself(pool, config)
    if (!isOurs) return queryThrough(pool, config, values, callback)
    const { done, returned } = queryForm(pool, values, callback)
    run(config, values, done)
    return returned
  }

  end(pool: BasePool, callback: Ended | undefined): unknown {
    return endForm(pool, Promise.resolve(), callback)
  }
}

/** Methods of `EventEmitter`, which are forwarded to the pool. */
const LISTENING = Object.getOwnPropertyNames(EventEmitter.prototype).filter(
  (name) => name !== 'constructor' && typeof Reflect.get(EventEmitter.prototype, name) === 'function',
)

export type TierPoolClass = new (source: TierSource) => TierPool

/** Creates the class of tier pools, which have no connections of their own. */
export function tierPoolClass(Base: PoolBaseClass): TierPoolClass {
  class Pool extends Base<TierCore> {
    static {
      for (const name of LISTENING) {
        const value = function (this: Pool, ...args: readonly unknown[]): unknown {
          const { pool } = this[CORE].source
          const result: unknown = Reflect.apply(Reflect.get(pool, name) as () => unknown, pool, args)
          return result === pool ? this : result
        }
        Object.defineProperty(Pool.prototype, name, { value, configurable: true, writable: true })
      }
    }

    constructor(source: TierSource) {
      super(source.options, () => new TierCore(source))
    }

    transaction<T>(fn: (client: PoolClient) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
      return transactionOver(this, fn, options)
    }
  }
  return Pool as unknown as TierPoolClass
}
