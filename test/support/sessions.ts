import type { Floor } from '../../src/consistency/floor.ts'
import { createSession, type EndedWrite, type MutableSession } from '../../src/consistency/session.ts'
import type { Touched } from '../../src/consistency/touched.ts'

/** A session that wrote at `nowMs`, or has not written, and asked for no floor. */
export function wroteAt(nowMs: number | undefined): MutableSession {
  const session = createSession()
  if (nowMs !== undefined) session.wrote(writeAt(nowMs))
  return session
}

/** A write that may have changed anything. */
export function writeAt(atMs: number, floor?: Floor, changes: Touched = 'everything'): EndedWrite {
  return { atMs, floor, certainty: 'certain', changes }
}
