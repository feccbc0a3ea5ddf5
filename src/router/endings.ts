import type { Write } from '../consistency/write-ledger.ts'
import type { Judgement } from './judgement.ts'
import type { SessionKeeper } from './session-keeper.ts'

/**
 * Records the end of a statement that may have written. Must be called before the caller's callback, which may read
 * next.
 * @param sql Its text, if known.
 */
export type Ended = (write: Write, sql?: string) => void

/**
 * Marks sessions that may have written, and makes the catalog check for changes if the statement may have changed the
 * schema.
 */
export function endedOf(
  sessions: Pick<SessionKeeper, 'wrote'>,
  judgement: Pick<Judgement, 'ddlPassed'>,
): Ended {
  return (write, sql) => {
    const { catalogEffect } = write
    sessions.wrote(write)
    if (catalogEffect !== 'none') judgement.ddlPassed(sql, catalogEffect === 'certain')
  }
}
