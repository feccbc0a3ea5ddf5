import type { Pool } from '../../src/index.ts'
import { ErrorsByText } from './errors-by-text.ts'
import { Timings } from './timings.ts'

/** Rows of the table that readers read; `id` counts from 1. */
export const itemsSchema = `
  create table items (id int primary key, name text);
  insert into items select g, 'item ' || g from generate_series(1, 1000) g`

export interface ReadTime {
  readonly caller: number
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** Callers that read all the time, one read after the other each, until they are told to stop. */
export class Readers {
  readonly timings: Timings = new Timings()
  readonly errors: ErrorsByText = new ErrorsByText()
  readonly #pool: Pool
  readonly #onRead: (read: ReadTime) => void
  readonly #running: Promise<unknown>
  #isOver = false

  constructor(pool: Pool, callers: number, onRead: (read: ReadTime) => void = () => {}) {
    this.#pool = pool
    this.#onRead = onRead
    this.#running = Promise.all(Array.from({ length: callers }, (_, caller) => this.#loop(caller)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#running
  }

  async #loop(caller: number): Promise<void> {
    while (!this.#isOver) {
      const startedAtMs = performance.now()
      try {
        const { rowCount } = await this.#pool.query('select name from items where id < $1', [50])
        if (rowCount !== 49) throw new Error(`${rowCount} rows in place of 49`)
      } catch (error) {
        this.errors.add(error)
        // Whatever makes every read fail at once must not keep the machine from its cure.
        await new Promise((resolve) => setImmediate(resolve))
      }
      const endedAtMs = performance.now()
      this.timings.record(endedAtMs - startedAtMs)
      this.#onRead({ caller, startedAtMs, endedAtMs })
    }
  }
}
