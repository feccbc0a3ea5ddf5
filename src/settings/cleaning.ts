import type { Pin } from './session-settings.ts'

/** The statements that undo what a client leaves, on a connection where nobody else has left anything of the kind. */
const CLEANING: Readonly<Record<Pin, readonly string[] | 'close'>> = {
  setting: ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL'],
  'too-many-settings': ['RESET SESSION AUTHORIZATION', 'RESET ROLE', 'RESET ALL'],
  'temporary-object': ['DISCARD TEMP'],
  cursor: ['CLOSE ALL'],
  listen: ['UNLISTEN *'],
  'advisory-lock': ['SELECT pg_catalog.pg_advisory_unlock_all()'],
  // To deallocate all would take node-postgres' own along.
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

/**
 * Gives the statements to send over a connection before somebody else gets it, or `close`.
 * @param isHooked Whether the application has done something there when it connected: that is not to be undone. What a
 * function may have done stays then, as with pg.Pool, since connections are not to be closed for nothing.
 */
export function cleaningOf(
  pins: Iterable<Pin>,
  isInTransaction: boolean,
  isHooked: boolean,
): readonly string[] | 'close' {
  const statements = new Set<string>(isInTransaction ? ['ROLLBACK'] : [])
  for (const pin of pins) {
    const cleaning = CLEANING[pin]
    if (cleaning.length === 0 || (isHooked && pin === 'unknown')) continue
    if (isHooked || cleaning === 'close') return 'close'
    for (const sql of cleaning) statements.add(sql)
  }
  return [...statements]
}
