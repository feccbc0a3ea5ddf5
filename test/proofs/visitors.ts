import type { Pool } from '../../src/index.ts'
import { ErrorsByText } from './errors-by-text.ts'
import type { Ledger } from './ledger.ts'
import { Timings } from './timings.ts'

/** Callers that visit again and again: a session each time, in which they read, write and look for what they wrote. */
export class Visitors {
  readonly timings: Timings = new Timings()
  readonly errors: ErrorsByText = new ErrorsByText()
  staleReads = 0
  readonly #pool: Pool
  readonly #ledger: Ledger
  readonly #running: Promise<unknown>
  #isOver = false

  constructor(pool: Pool, ledger: Ledger, callers: number) {
    this.#pool = pool
    this.#ledger = ledger
    this.#running = Promise.all(Array.from({ length: callers }, (_, caller) => this.#visits(caller)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #visits(caller: number): Promise<void> {
    for (let n = 0; !this.#isOver; n++) await this.#pool.withSession(() => this.#visit(caller, n))
  }

  async #visit(caller: number, n: number): Promise<void> {
    for (let i = 0; i < 4; i++) await this.#read('select name from items where id < $1', [50])
    if (!(await this.#ledger.write(caller, n))) return
    const found = await this.#read('select 1 from ledger where writer = $1 and n = $2', [caller, n])
    if (found === 0) this.staleReads += 1
  }

  /** How many rows there are; undefined when the read failed. */
  async #read(sql: string, values: readonly number[]): Promise<number | undefined> {
    const startedAtMs = performance.now()
    try {
      const { rows } = await this.#pool.query(sql, [...values])
      return rows.length
    } catch (error) {
      this.errors.add(error)
      await new Promise((resolve) => setImmediate(resolve))
      return undefined
    } finally {
      this.timings.record(performance.now() - startedAtMs)
    }
  }
}
