import type { Usage } from '../client/checkouts.ts'
import type { PgPool } from './pool-base.ts'

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
