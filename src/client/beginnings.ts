import { hash } from 'node:crypto'
import type { Platform } from '../platform/platform.ts'
import { blanked } from '../statement/blanked.ts'

/** Transactions that only read, and optimistic ones. */
export type Kind = 'read-only' | 'optimistic'

/** How long a beginning is remembered after its last transaction that was observed, in milliseconds. */
const REMEMBERED_MS = 10 * 60_000

/**
 * How long transactions start on the primary after a failure, in milliseconds: long enough for a caller who tries
 * again. Read-only ones have no other way to be known.
 */
const AFTER_FAILURE_MS: Readonly<Record<Kind, number>> = { 'read-only': REMEMBERED_MS, optimistic: 10_000 }

/** How many are remembered, the oldest going first. */
const MOST_BEGINNINGS = 1_000

/** One in so many starts on a replica although most of its kind move, so that a change is noticed. */
const PROBED = 16

/** Beyond so many transactions the counts are halved, so that the last ones count most. */
const MOST_COUNTED = 64

interface Known {
  /** Until when (our clock, milliseconds) all start on the primary. */
  readonly untilMs: number
  readonly atMs: number
  readonly moved: number
  readonly stayed: number
  /** How many were asked about since. */
  asked: number
}

/**
 * A memory of transactions that began on a replica, by their first read. Some could not move to the primary, because
 * their reads gave other answers there. They start on the primary next time, so that a caller who retries succeeds. So
 * do optimistic ones of which most have moved, so that little is read twice. One per pool.
 */
export class Beginnings {
  readonly #platform: Pick<Platform, 'now'>
  /** The one that was observed longest ago first. */
  readonly #known = new Map<string, Known>()

  constructor(platform: Pick<Platform, 'now'>) {
    this.#platform = platform
  }

  /**
   * Records a transaction that could not move.
   * @param isFirstRead False for a statement before that: how many of its transactions move is not counted
   */
  failed(sql: string, kind: Kind, isFirstRead = true): void {
    this.#note(sql, kind, isFirstRead ? 1 : 0, 0, AFTER_FAILURE_MS[kind])
  }

  /** Records an optimistic transaction that has moved. */
  moved(sql: string): void {
    this.#note(sql, 'optimistic', 1, 0)
  }

  /** Records an optimistic transaction that has ended on its replica. */
  stayed(sql: string): void {
    this.#note(sql, 'optimistic', 0, 1)
  }

  /** Whether a transaction that begins with this statement should start on the primary. */
  has(sql: string, kind: Kind): boolean {
    if (this.#known.size === 0) return false
    const known = this.#known.get(keyOf(sql, kind))
    const nowMs = this.#platform.now()
    if (known === undefined || nowMs >= known.atMs + REMEMBERED_MS) return false
    if (nowMs < known.untilMs) return true
    if (known.moved <= known.stayed) return false
    known.asked += 1
    return known.asked % PROBED !== 0
  }

  #note(sql: string, kind: Kind, moved: number, stayed: number, forMs = 0): void {
    const key = keyOf(sql, kind)
    const atMs = this.#platform.now()
    const former = this.#known.get(key)
    const known = former !== undefined && atMs < former.atMs + REMEMBERED_MS ? former : NOTHING
    const isFull = known.moved + known.stayed >= MOST_COUNTED
    this.#known.delete(key)
    this.#known.set(key, {
      untilMs: Math.max(known.untilMs, atMs + forMs),
      atMs,
      moved: moved + (isFull ? known.moved / 2 : known.moved),
      stayed: stayed + (isFull ? known.stayed / 2 : known.stayed),
      asked: known.asked,
    })
    const [oldest] = this.#known.keys()
    if (this.#known.size > MOST_BEGINNINGS && oldest !== undefined) this.#known.delete(oldest)
  }
}

const NOTHING: Known = { untilMs: -Infinity, atMs: -Infinity, moved: 0, stayed: 0, asked: 0 }

/** A hash of the text without its constants. */
function keyOf(sql: string, kind: Kind): string {
  return hash('sha256', `${kind} ${blanked(sql)?.shape ?? sql}`, 'base64')
}
