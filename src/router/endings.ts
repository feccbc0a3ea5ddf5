import type { Write } from '../consistency/write-ledger.ts'
import type { Judgement } from './judgement.ts'
import type { SessionKeeper } from './session-keeper.ts'

/**
 * Notes the end of something that may have written. To be called before the caller hears of it: the next thing that the caller
 * does may be to read.
 * @param sql Its text, where it is known.
 */
export type Ended = (write: Write, sql?: string) => void

/** Marks sessions that may have written, and has the catalog compared where a statement may have changed the database. */
export function endedOf(
  sessions: Pick<SessionKeeper, 'wrote'>,
  judgement: Pick<Judgement, 'ddlPassed' | 'doubt'>,
): Ended {
  return ({ catalogEffect, certainty, sessions: written }, sql) => {
    sessions.wrote(written, certainty)
    if (catalogEffect === 'certain') judgement.ddlPassed(sql)
    else if (catalogEffect === 'possible') judgement.doubt()
  }
}
