import type { Observation } from '../topology/node.ts'
import type { Position } from './position.ts'

/**
 * Returns a position that covers everything that a replica had shown before it gave this observation. A server that has
 * reached it shows all of that. `undefined` when there is none.
 *
 * Redo makes a commit visible before it advances the replay position. So a replica may have shown the record behind its
 * position, unless it has received none. A position is always the end of a record: one that is higher by a byte is
 * reached once that record has been replayed. On an idle cluster a streaming replica has replayed all that it has
 * received, so no read waits for a record that never comes.
 */
export function shownUpTo(observation: Observation): Position | undefined {
  const { lsn, receivedLsn, role, systemIdentifier, timeline } = observation
  if (role !== 'replica' || lsn === undefined || timeline === undefined) return undefined
  return { systemIdentifier, timeline, lsn: receivedLsn === lsn ? lsn : lsn + 1n }
}
