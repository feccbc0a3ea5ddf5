import type { Statement } from '../statement/statement.ts'

/** One call and nothing else, whose arguments call at most a hash: it takes or lets go of one lock, or of all. */
const CALL =
  /^\s*select\s+(?:pg_catalog\s*\.\s*)?pg_(try_)?advisory_(?:(unlock_all)|(un)?lock(?:_shared)?)\s*\((?:[^();]|\bhashtext(?:extended)?\s*\([^();]*\))*\)\s*(?:as\s+\w+\s*)?;?\s*$/i

type Call = 'lock' | 'try' | 'unlock' | 'unlock-all' | 'other'

/**
 * Counts the advisory locks that a session has taken and let go, whichever: the server counts each by itself. Once it has
 * met a statement that may take more than can be seen, it is certain again only when all are let go at once.
 */
export class AdvisoryLocks {
  #held = 0
  #isCertain = true
  #call: Call | undefined

  /** True when the session is certain to have none. */
  get areFree(): boolean {
    return this.#isCertain && this.#held === 0
  }

  /** A statement is about to be sent. */
  starts({ leaves = [] }: Statement, text: string): void {
    this.#call = leaves.includes('advisory-lock') ? callIn(text) : undefined
  }

  /** It has come to its end. Gives true when it was one of locks. */
  ended(isFailed: boolean, result: unknown): boolean {
    const call = this.#call
    if (call === undefined) return false
    this.#call = undefined
    const value = firstValueOf(result)
    if (call === 'unlock-all') {
      if (!isFailed) this.clear()
    } else if (call === 'unlock') {
      const isGone = !isFailed && (value === true || value === 't')
      // One that was there before is not in the books.
      if (isGone && this.#held === 0) this.#isCertain = false
      else if (isGone) this.#held -= 1
    } else if (isFailed || call === 'other') {
      // Who is cancelled may have the lock.
      this.#isCertain = false
    } else if (call === 'lock' || !(value === false || value === 'f')) {
      this.#held += 1
    }
    return true
  }

  /** They are gone, with the connection or all at once. */
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
