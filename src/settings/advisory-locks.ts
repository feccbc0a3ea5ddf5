import type { Statement } from '../statement/statement.ts'

/**
 * Matches a statement of a single call that takes or releases one lock, or releases all. Its arguments contain at most
 * a hash function.
 */
const CALL =
  /^\s*select\s+(?:pg_catalog\s*\.\s*)?pg_(try_)?advisory_(?:(unlock_all)|(un)?lock(?:_shared)?)\s*\((?:[^();]|\bhashtext(?:extended)?\s*\([^();]*\))*\)\s*(?:as\s+\w+\s*)?;?\s*$/i

type Call = 'lock' | 'try' | 'unlock' | 'unlock-all' | 'other'

/**
 * Counts the advisory locks that a session has taken and released, regardless of their keys. After a statement that may
 * take an unknown number of locks, the count is certain again only when all are released at once.
 */
export class AdvisoryLocks {
  #held = 0
  #isCertain = true
  #call: Call | undefined

  /** True when the session certainly has no lock. */
  get areFree(): boolean {
    return this.#isCertain && this.#held === 0
  }

  /** Records a statement that is about to be sent. */
  starts({ leaves }: Statement, text: string): void {
    this.#call = leaves?.includes('advisory-lock') === true ? callIn(text) : undefined
  }

  /** Records its end. Returns true when it was a statement on locks. */
  ended(isFailed: boolean, result: unknown): boolean {
    const call = this.#call
    if (call === undefined) return false
    this.#call = undefined
    const value = firstValueOf(result)
    if (call === 'unlock-all') {
      if (!isFailed) this.clear()
    } else if (call === 'unlock') {
      const isGone = !isFailed && (value === true || value === 't')
      // A lock from before is not counted.
      if (isGone && this.#held === 0) this.#isCertain = false
      else if (isGone) this.#held -= 1
    } else if (isFailed || call === 'other') {
      // A cancelled statement may have taken the lock.
      this.#isCertain = false
    } else if (call === 'lock' || !(value === false || value === 'f')) {
      this.#held += 1
    }
    return true
  }

  /** Resets the count, when all locks are released or the connection is closed. */
  clear(): void {
    this.#held = 0
    this.#isCertain = true
  }
}

function callIn(text: string): Call {
  const match = CALL.exec(text)
  if (match === null) return 'other'
  const [, isTry, isAll, isUnlock] = match
  if (isAll !== undefined) return isTry === undefined ? 'unlock-all' : 'other'
  if (isUnlock !== undefined) return isTry === undefined ? 'unlock' : 'other'
  return isTry === undefined ? 'lock' : 'try'
}

function firstValueOf(result: unknown): unknown {
  const rows: unknown =
    typeof result === 'object' && result !== null ? Reflect.get(result, 'rows') : undefined
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}
