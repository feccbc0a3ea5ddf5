import { createSession, type MutableSession } from '../../src/consistency/session.ts'

/** A session that wrote at `nowMs`, or has not written, and asked for no floor. */
export function wroteAt(nowMs: number | undefined): MutableSession {
  const session = createSession()
  if (nowMs !== undefined) session.wrote(nowMs, undefined)
  return session
}
