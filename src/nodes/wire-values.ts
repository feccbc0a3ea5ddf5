import { pgModule } from '../platform/pg.ts'

/** node-postgres' conversion of a value to what it sends. Its types do not name it. */
const { prepareValue } = Reflect.get(pgModule, 'utils') as {
  readonly prepareValue: (value: unknown) => unknown
}

/**
 * The values of a query as they go over the wire, converted by node-postgres' own rules: a copy, since they may be sent
 * again when the caller has other things in his array. What converts itself
 * (`toPostgres`, `toJSON`) may throw, and then nothing must have been sent: a name that is given to the server together
 * with values that cannot be sent is lost there, and node-postgres goes on to use it.
 *
 * @throws whatever a value's own conversion throws
 */
export function wireValues(values: readonly unknown[]): readonly unknown[] {
  for (const value of values) {
    if (isOwnMaster(value)) return values.map((each) => prepareValue(each))
  }
  return values.slice()
}

/** True for what has, or may have, code of its own that runs when it is converted. */
function isOwnMaster(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
