import { IDENTITY, resetSql, type Journal } from './journal.ts'
import { valueSql } from './value.ts'

/** Change of a connection from the settings of one journal to those of another. */
export interface Difference {
  /** Statements to be sent first, as one text. */
  readonly statements: readonly string[]
  /** Names and values of settings to be made after these, as parameters. */
  readonly given: readonly (readonly [name: string, value: string])[]
}

const NO_DIFFERENCE: Difference = { statements: [], given: [] }

/**
 * Returns the difference between the settings of two journals.
 * @param own The application's initial settings on this connection, by name, to restore instead of the defaults. Absent
 * without any.
 */
export function difference(
  from: Journal,
  to: Journal,
  own: ReadonlyMap<string, string | null> | undefined,
): Difference {
  const leave = (name: string): string | undefined => {
    if (own !== undefined) return valueSql(name, own.get(name) ?? null)
    return from.get(name) === resetSql(name) ? undefined : resetSql(name)
  }
  const make = (name: string): string | undefined => {
    if (to.given(name) !== undefined) return undefined
    const sql = to.get(name)
    // Settings that the connection never had need no undoing.
    return own === undefined && from.get(name) === undefined && sql === resetSql(name) ? undefined : sql
  }
  const gone = [...from.names()].filter((name) => to.get(name) === undefined)
  const wanted = [...to.names()].filter((name) => from.get(name) !== to.get(name))
  if (gone.length + wanted.length === 0) return NO_DIFFERENCE
  const isOrdinary = (name: string): boolean => !IDENTITY.includes(name)
  // The role decides which settings are allowed, so it is reset first and set last.
  const statements = [
    ...IDENTITY.filter((name) => from.get(name) !== undefined).map(leave),
    ...gone.filter(isOrdinary).map(leave),
    ...wanted.filter(isOrdinary).map(make),
    ...IDENTITY.map(make),
  ]
  const given = [...wanted.filter(isOrdinary), ...IDENTITY].flatMap((name) => {
    const value = to.given(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { statements: statements.filter((sql) => sql !== undefined), given }
}
