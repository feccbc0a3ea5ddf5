import { hash } from 'node:crypto'
import type { Platform } from '../platform/platform.ts'
import { blanked } from '../statement/blanked.ts'

/** How long a beginning is remembered, in milliseconds. */
const REMEMBERED_MS = 10 * 60_000

/** How many are remembered, the oldest going first. */
const MOST_BEGINNINGS = 1_000

/** Transactions that only read, and optimistic ones. */
export type Kind = 'read-only' | 'optimistic'

/**
 * First reads of transactions that should have started on the primary: of read-only ones that could not move there
 * because their reads gave other answers, and of optimistic ones that had to move. The next transaction with such a
 * beginning starts on the primary, so that a caller who retries comes to an end, and nothing is read twice. Forgotten
 * after a while, since rows and applications change. One per pool.
 */
export class Beginnings {
  readonly #platform: Pick<Platform, 'now'>
  /** When each is forgotten (our clock, milliseconds), the oldest first. */
  readonly #untilMs = new Map<string, number>()

  constructor(platform: Pick<Platform, 'now'>) {
    this.#platform = platform
  }

  learn(sql: string, kind: Kind): void {
    const key = keyOf(sql, kind)
    this.#untilMs.delete(key)
    this.#untilMs.set(key, this.#platform.now() + REMEMBERED_MS)
    const [oldest] = this.#untilMs.keys()
    if (this.#untilMs.size > MOST_BEGINNINGS && oldest !== undefined) this.#untilMs.delete(oldest)
  }

  has(sql: string, kind: Kind): boolean {
    if (this.#untilMs.size === 0) return false
    const untilMs = this.#untilMs.get(keyOf(sql, kind))
    return untilMs !== undefined && this.#platform.now() < untilMs
  }
}

/** A hash of the text without its constants. */
function keyOf(sql: string, kind: Kind): string {
  return hash('sha256', `${kind} ${blanked(sql)?.shape ?? sql}`, 'base64')
}
