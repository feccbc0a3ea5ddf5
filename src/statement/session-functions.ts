/** Functions that read state of their session, and change none. */
const readers = [
  'currval',
  'current_setting',
  'cursor_to_xml',
  'cursor_to_xmlschema',
  'lastval',
  'pg_cursor',
  'pg_listening_channels',
  'pg_my_temp_schema',
  'pg_prepared_statement',
]

/** Functions whose effect on their session PostgreSQL undoes when the transaction ends. */
const transactionScoped = [
  'lo_close',
  'lo_lseek',
  'lo_lseek64',
  'lo_open',
  'lo_tell',
  'lo_tell64',
  'loread',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
  'pg_export_snapshot',
  'pg_try_advisory_xact_lock',
  'pg_try_advisory_xact_lock_shared',
]

const passing: ReadonlySet<string> = new Set([...readers, ...transactionScoped])

/**
 * True for functions of PostgreSQL's own that use their session's state and leave none behind their transaction. Of any
 * other name it is assumed that it leaves something.
 */
export function leavesNothing(functionName: string): boolean {
  return passing.has(functionName)
}
