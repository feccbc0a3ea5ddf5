import type { PoolClient, PoolConfig } from 'pg'
import { guarded } from '../execution/guarded.ts'
import { connectForm, endForm, type Connected, type Ended } from './callback-forms.ts'
import { queryThrough } from './connect-through.ts'
import { Lifetime, refusalOf } from './lifetime.ts'
import type { BaseCore, BasePool, Count, PgPool, PoolBaseClass } from './pool-base.ts'

/** The parts of a pool that its primary view uses. */
export interface ViewSource {
  /** Options of node-postgres for the primary. */
  readonly options: PoolConfig
  /** Takes a client whose statements all go to the primary. */
  readonly take: () => Promise<PoolClient>
  /** Counters of the connections to the primary. */
  readonly count: (name: Count) => number
}

/** A `pg.Pool` with the clients of a source, and queries that run over them. Ending it does not end the source. */
export function primaryView(Base: PoolBaseClass, source: ViewSource): PgPool {
  return new Base(source.options, (view) => new ViewCore(source, view))
}

class ViewCore implements BaseCore {
  readonly #source: ViewSource
  readonly #view: PgPool
  readonly #lifetime: Lifetime
  readonly #known = new WeakSet<PoolClient>()

  constructor(source: ViewSource, view: PgPool) {
    this.#source = source
    this.#view = view
    this.#lifetime = new Lifetime(view)
  }

  count(_pool: BasePool, name: Count): number {
    return this.#source.count(name)
  }

  connect(pool: BasePool, callback: Connected | undefined): unknown {
    return connectForm(pool, this.#take(), callback)
  }

  query(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
    return queryThrough(pool, config, values, callback)
  }

  end(pool: BasePool, callback: Ended | undefined): unknown {
    return endForm(pool, this.#lifetime.end(), callback)
  }

  async #take(): Promise<PoolClient> {
    const refusal = refusalOf(this.#view)
    if (refusal !== undefined) throw refusal
    this.#lifetime.begun()
    try {
      const client = await this.#source.take()
      const release: (error?: Error | boolean) => void = Reflect.get(client, 'release')
      try {
        this.#announce(client)
      } catch (error) {
        // A listener may have begun something on it, so it is not for another caller.
        release(true)
        throw error
      }
      const giveBack = (error?: Error | boolean): void => {
        release(error)
        guarded(() => this.#view.emit('release', error, client))()
        this.#lifetime.over()
      }
      return Object.assign(client, { release: giveBack })
    } catch (error) {
      this.#lifetime.over()
      throw error
    }
  }

  #announce(client: PoolClient): void {
    if (!this.#known.has(client)) {
      this.#known.add(client)
      this.#view.emit('connect', client)
    }
    this.#view.emit('acquire', client)
  }
}
