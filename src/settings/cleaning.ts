import type { Pin } from './session-settings.ts'

/** Statements that undo a client's state on a connection on which only this client left such state. */
const CLEANING: Readonly<Record<Pin, readonly string[] | 'close'>> = {
  setting: ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL'],
  'too-many-settings': ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL'],
  'temporary-object': ['DISCARD TEMP'],
  cursor: ['CLOSE ALL'],
  listen: ['UNLISTEN *'],
  'advisory-lock': ['SELECT pg_catalog.pg_advisory_unlock_all()'],
  // DEALLOCATE ALL would also drop node-postgres' own statements.
  'prepared-statement': 'close',
  library: 'close',
  'random-seed': 'close',
  unknown: [
    'RESET SESSION AUTHORIZATION',
    'RESET ROLE',
    'RESET ALL',
    'CLOSE ALL',
    'UNLISTEN *',
    'SELECT pg_catalog.pg_advisory_unlock_all()',
    'DISCARD TEMP',
  ],
  backend: [],
}

const NOTHING: readonly string[] = []

/**
 * Returns the statements to send over a connection before another client gets it, or `close`.
 * @param isHooked Whether hooks of the application have set up the connection, which must not be undone. Then possible
 * state of a function stays, as with pg.Pool, since closing the connection each time would cost too much.
 */
export function cleaningOf(
  pins: ReadonlySet<Pin>,
  isInTransaction: boolean,
  isHooked: boolean,
): readonly string[] | 'close' {
  if (pins.size === 0 && !isInTransaction) return NOTHING
  const statements = new Set<string>(isInTransaction ? ['ROLLBACK'] : [])
  for (const pin of pins) {
    const cleaning = CLEANING[pin]
    if (cleaning.length === 0 || (isHooked && pin === 'unknown')) continue
    if (isHooked || cleaning === 'close') return 'close'
    for (const sql of cleaning) statements.add(sql)
  }
  return [...statements]
}
