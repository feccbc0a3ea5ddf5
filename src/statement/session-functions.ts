/** Functions that read state of their session and leave none behind. */
const readers: ReadonlySet<string> = new Set([
  'currval',
  'current_setting',
  'lastval',
  'pg_cursor',
  'pg_listening_channels',
  'pg_my_temp_schema',
  'pg_prepared_statement',
])

/**
 * True for functions that read state of their session without leaving any. Of a name that is not known to be one it is
 * assumed that it leaves something.
 */
export function leavesNothing(functionName: string): boolean {
  return readers.has(functionName)
}
