import { IDENTITY, resetSql, type Journal } from './journal.ts'
import { valueSql } from './value.ts'

/**
 * The statements that bring a connection from the settings of one journal to those of another, to be sent as one text.
 * @param own What the application has set when it connected, by name: there, to leave a setting is to go back to this.
 * Absent where it has set nothing.
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
    // What was never set there need not be undone.
    return own === undefined && from.get(name) === undefined && sql === resetSql(name) ? undefined : sql
  }
  const gone = [...from.names()].filter((name) => to.get(name) === undefined)
  const wanted = [...to.names()].filter((name) => from.get(name) !== to.get(name))
  if (gone.length + wanted.length === 0) return []
  const isOrdinary = (name: string): boolean => !IDENTITY.includes(name)
  // Who may set what is a matter of the role: it is left first and taken on last.
  const statements = [
    ...IDENTITY.filter((name) => from.get(name) !== undefined).map(leave),
    ...gone.filter(isOrdinary).map(leave),
    ...wanted.filter(isOrdinary).map(make),
    ...IDENTITY.map(make),
  ]
  return statements.filter((sql) => sql !== undefined)
}
