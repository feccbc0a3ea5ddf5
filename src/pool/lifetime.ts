import type { Usage } from '../client/checkouts.ts'
import type { PgPool } from './pool-base.ts'

/** pg-pool's default of `idleTimeoutMillis`. It also stands for 0: an object left open is no idle connection. */
const IDLE_MS = 10_000
/** How long the end of a pool waits for a program that has left a query object open, in milliseconds. */
const ENDING_MS = 1000

/** Returns pg-pool's error for calls after `end()`; `undefined` before. */
export function refusalOf({ ending }: PgPool): Error | undefined {
  return ending ? new Error('Cannot use a pool after calling end on the pool') : undefined
}

/** Lifetime of a pool. As with pg.Pool, nothing starts after `end()`, and running operations continue to their end. */
export class Lifetime implements Usage {
  readonly #pool: PgPool
  /** Number of checked-out clients and of the pool's running queries. */
  #busy = 0
  #whenIdle: (() => void) | undefined

  constructor(pool: PgPool) {
    this.#pool = pool
  }

  /** As long as an idle connection is kept, and shorter once the pool has to end. */
  get patienceMs(): number {
    const idleMs = Number(this.#pool.options.idleTimeoutMillis) || IDLE_MS
    return this.#pool.ending ? Math.min(idleMs, ENDING_MS) : idleMs
  }

  begun(): void {
    this.#busy += 1
  }

  over(): void {
    this.#busy -= 1
    if (this.#busy === 0) this.#whenIdle?.()
  }

  /** @param close Called when nothing is running any more. */
  async end(close?: () => Promise<void>): Promise<void> {
    if (this.#pool.ending) throw new Error('Called end on pool more than once')
    Object.assign(this.#pool, { ending: true })
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await close?.()
    Object.assign(this.#pool, { ended: true })
  }
}
