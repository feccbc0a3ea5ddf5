import type { Usage } from '../client/checkouts.ts'
import type { PgPool } from './pool-base.ts'

/** The error of what is asked of a pool after `end()`, in pg-pool's words; `undefined` before. */
export function refusalOf({ ending }: PgPool): Error | undefined {
  return ending ? new Error('Cannot use a pool after calling end on the pool') : undefined
}

/** The life of a pool: after `end()` nothing begins, and what is under way comes to its end, as with pg.Pool. */
export class Lifetime implements Usage {
  readonly #pool: PgPool
  /** Clients that are checked out, and queries of the pool's own that are under way. */
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

  /** @param close Called when nothing is under way. */
  async end(close?: () => Promise<void>): Promise<void> {
    if (this.#pool.ending) throw new Error('Called end on pool more than once')
    Object.assign(this.#pool, { ending: true })
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    await close?.()
    Object.assign(this.#pool, { ended: true })
  }
}
