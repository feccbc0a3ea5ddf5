import { IDENTITY, resetSql, type Journal } from './journal.ts'
import { valueSql } from './value.ts'

/**
 * Returns the statements that change a connection from the settings of one journal to those of another, as one text.
 * @param own The application's initial settings on this connection, by name, to restore instead of the defaults. Absent
 * without any.
 */
export function difference(
  from: Journal,
  to: Journal,
  own: ReadonlyMap<string, string | null> | undefined,
): readonly string[] {
  const leave = (name: string): string | undefined => {
    if (own !== undefined) return valueSql(name, own.get(name) ?? null)
    return from.get(name) === resetSql(name) ? undefined : resetSql(name)
  }
  const make = (name: string): string | undefined => {
    const sql = to.get(name)
    // Settings that the connection never had need no undoing.
    return own === undefined && from.get(name) === undefined && sql === resetSql(name) ? undefined : sql
  }
  const gone = [...from.names()].filter((name) => to.get(name) === undefined)
  const wanted = [...to.names()].filter((name) => from.get(name) !== to.get(name))
  if (gone.length + wanted.length === 0) return []
  const isOrdinary = (name: string): boolean => !IDENTITY.includes(name)
  // The role decides which settings are allowed, so it is reset first and set last.
  const statements = [
    ...IDENTITY.filter((name) => from.get(name) !== undefined).map(leave),
    ...gone.filter(isOrdinary).map(leave),
    ...wanted.filter(isOrdinary).map(make),
    ...IDENTITY.map(make),
  ]
  return statements.filter((sql) => sql !== undefined)
}
