import { pgModule } from '../platform/pg.ts'

/** node-postgres' conversion of a value to its wire format, which its types lack. */
const { prepareValue } = Reflect.get(pgModule, 'utils') as {
  readonly prepareValue: (value: unknown) => unknown
}

/**
 * Converts the values of a query by node-postgres' own rules. Returns a copy, since they may be sent again after the
 * caller has changed the array. A value's own conversion (`toPostgres`, `toJSON`) may throw, which must happen before
 * anything is sent. Otherwise node-postgres would keep using a name that the server never received.
 *
 * @throws the error of a value's own conversion
 */
export function wireValues(values: readonly unknown[]): readonly unknown[] {
  for (const value of values) {
    if (isOwnMaster(value)) return values.map((each) => prepareValue(each))
  }
  return values.slice()
}

/** Whether the conversion of a value may run code of its own. */
function isOwnMaster(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
