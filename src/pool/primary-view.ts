import type { EventEmitter } from 'node:events'
import type { Pool, PoolClient, PoolConfig } from 'pg'
import { guarded } from '../execution/guarded.ts'
import { knowSelf, selfOf } from '../client/self.ts'
import { queryThrough } from './connect-through.ts'
import { connectForm, endForm, type Connected, type Ended } from './callback-forms.ts'

/** What a view shows, and of what. */
export interface ViewSource {
  /** Options of node-postgres for the primary. */
  readonly options: () => PoolConfig
  /** A client whose statements all go to the primary. */
  readonly take: () => Promise<PoolClient>
  /** Connections to the primary, as pg.Pool counts them. */
  readonly counts: () => Readonly<
    Record<'totalCount' | 'idleCount' | 'waitingCount' | 'expiredCount', number>
  >
}

/** `pg.Pool` of a copy, as far as it is built upon. */
interface Base extends EventEmitter {
  options: PoolConfig
  readonly Promise: PromiseConstructor
  connect(callback?: Connected): unknown
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
}
type BaseClass = new (options?: PoolConfig) => Base
export type PrimaryViewClass = new (source: ViewSource) => Pool

const COUNTS = ['totalCount', 'idleCount', 'waitingCount', 'expiredCount'] as const

/** Makes the class of views upon a copy's own `Pool`: what that does, it does over clients of the source. */
export function primaryViewClass(PoolOfCopy: typeof Pool): PrimaryViewClass {
  const Parent = PoolOfCopy as unknown as BaseClass

  class PrimaryView extends Parent {
    readonly #source: ViewSource
    readonly #out = new Set<PoolClient>()
    readonly #known = new WeakSet<PoolClient>()
    #pending = 0
    #whenIdle: (() => void) | undefined

    static {
      for (const name of COUNTS) {
        const get = function (this: PrimaryView): number {
          return selfOf(this).#source.counts()[name]
        }
        Object.defineProperty(PrimaryView.prototype, name, { get, configurable: true })
      }
    }

    constructor(source: ViewSource) {
      super(source.options())
      knowSelf(this)
      this.#source = source
    }

    override connect(callback?: Connected): unknown {
      return connectForm(selfOf(this).#take(), callback, this.Promise)
    }

    override query(config: unknown, values?: unknown, callback?: unknown): unknown {
      return queryThrough(this, parentQuery, [config, values, callback])
    }

    override end(callback?: Ended): unknown {
      return endForm(selfOf(this).#end(), callback, this.Promise)
    }

    async #take(): Promise<PoolClient> {
      if (Reflect.get(this, 'ending')) throw new Error('Cannot use a pool after calling end on the pool')
      this.#pending += 1
      try {
        const client = await this.#source.take()
        const release: (error?: Error | boolean) => void = Reflect.get(client, 'release')
        try {
          this.#tell(client)
        } catch (error) {
          // Nobody will have it, and what a listener has begun on it is not for anybody else.
          release(true)
          throw error
        }
        this.#out.add(client)
        const giveBack = (error?: Error | boolean): void => {
          release(error)
          this.#out.delete(client)
          guarded(() => this.emit('release', error, client))()
          this.#rest()
        }
        Object.assign(client, { release: giveBack })
        return client
      } finally {
        this.#pending -= 1
        this.#rest()
      }
    }

    #tell(client: PoolClient): void {
      if (!this.#known.has(client)) {
        this.#known.add(client)
        this.emit('connect', client)
      }
      this.emit('acquire', client)
    }

    #rest(): void {
      if (this.#pending === 0 && this.#out.size === 0) this.#whenIdle?.()
    }

    async #end(): Promise<void> {
      if (Reflect.get(this, 'ending')) throw new Error('Called end on pool more than once')
      Object.assign(this, { ending: true })
      if (this.#pending > 0 || this.#out.size > 0) {
        await new Promise<void>((resolve) => (this.#whenIdle = resolve))
      }
      Object.assign(this, { ended: true })
    }
  }
  const parentQuery: unknown = Reflect.get(Parent.prototype, 'query')
  Object.defineProperty(PrimaryView, 'name', { value: 'Pool' })
  return PrimaryView as unknown as PrimaryViewClass
}
