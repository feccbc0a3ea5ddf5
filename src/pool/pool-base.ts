import type { EventEmitter } from 'node:events'
import type { Pool, PoolConfig } from 'pg'
import type { Connected, Ended } from './callback-forms.ts'
import { conceal } from '../platform/concealed.ts'

/** The counters of node-postgres' pool. */
const COUNTS = ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const
export type Count = (typeof COUNTS)[number]

/** `pg.Pool` of a copy, without the overloads that only callers need. */
export interface PgPool extends EventEmitter, Readonly<Record<Count, number>> {
  options: PoolConfig
  readonly Promise: PromiseConstructor
  readonly ending: boolean
  connect(callback?: Connected): unknown
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
}

/** Symbols instead of private fields, so that a proxy of a pool has them too. */
export const CORE: unique symbol = Symbol('core')
const METHODS: unique symbol = Symbol('methods')

interface Methods {
  /** Methods of the copy's own pool. */
  readonly parent: PgPool
  /** `connect()` of this library. */
  readonly connect: unknown
}

/** A pool of this library or a proxy of it. */
export interface BasePool extends PgPool {
  readonly [CORE]: BaseCore
  readonly [METHODS]: Methods
}

/** The inside of a pool, which its methods call. `pool` is the pool, or the proxy of it, whose method was called. */
export interface BaseCore {
  count(pool: BasePool, name: Count): number
  connect(pool: BasePool, callback: Connected | undefined): unknown
  query(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown
  end(pool: BasePool, callback: Ended | undefined): unknown
}

export type PoolBaseClass = new <Core extends BaseCore>(
  options: PoolConfig,
  coreOf: (pool: BasePool) => Core,
) => BasePool & { readonly [CORE]: Core }

/** Makes the base class of all pools of this library on the `pg.Pool` of a copy. */
export function poolBaseClass(PoolOfCopy: typeof Pool): PoolBaseClass {
  const Parent = PoolOfCopy as unknown as new (options: PoolConfig) => PgPool

  class PoolBase extends Parent implements BasePool {
    declare readonly [CORE]: BaseCore
    declare readonly [METHODS]: Methods

    static {
      for (const name of COUNTS) {
        const get = function (this: PoolBase): number {
          return this[CORE].count(this, name)
        }
        Object.defineProperty(PoolBase.prototype, name, { get, configurable: true })
      }
    }

    constructor(options: PoolConfig, coreOf: (pool: BasePool) => BaseCore) {
      super(options)
      conceal(this.options)
      conceal(this.options.ssl)
      Object.defineProperty(this, CORE, { value: coreOf(this) })
    }

    override connect(callback?: Connected): unknown {
      return this[CORE].connect(this, callback)
    }

    override query(config: unknown, values?: unknown, callback?: unknown): unknown {
      return this[CORE].query(this, config, values, callback)
    }

    override end(callback?: Ended): unknown {
      return this[CORE].end(this, callback)
    }
  }
  const methods: Methods = {
    parent: Parent.prototype as PgPool,
    connect: Reflect.get(PoolBase.prototype, 'connect'),
  }
  Object.defineProperty(PoolBase.prototype, METHODS, { value: methods })
  // Libraries check the name of a pool's class.
  Object.defineProperty(PoolBase, 'name', { value: 'Pool' })
  return PoolBase as unknown as PoolBaseClass
}

/** Calls a method of the copy's own pool on this one. */
export function callParent(
  pool: BasePool,
  method: 'connect' | 'query' | 'end',
  args: readonly unknown[],
): unknown {
  return Reflect.apply(pool[METHODS].parent[method] as () => unknown, pool, args)
}

/** Returns a counter of the copy's own pool for this one. */
export function countOfParent(pool: BasePool, name: Count): number {
  return Reflect.get(pool[METHODS].parent, name, pool)
}

/** Whether the pool's `connect()` is not overridden by the application. */
export function hasOwnConnect(pool: BasePool): boolean {
  return pool.connect === pool[METHODS].connect
}
