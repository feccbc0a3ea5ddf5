import { describe } from '../errors/describe.ts'
import { documentAt } from '../errors/documents.ts'
import { SwitchyardError } from '../errors/error.ts'
import { nearest } from './known-options.ts'

export function invalid(message: string): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_INVALID_OPTION', message)
}

/** Throws `SWITCHYARD_UNKNOWN_OPTION` for a name that is none of `legal`, with the nearest one. */
export function checkNames(options: object, legal: ReadonlySet<string>, where: string): void {
  for (const name of Object.keys(options)) {
    if (legal.has(name)) continue
    const guess = nearest(name, legal)
    const advice =
      guess === undefined
        ? `See the list of options in ${documentAt('reference/options.md')}`
        : `Did you mean "${guess}"?`
    throw new SwitchyardError('SWITCHYARD_UNKNOWN_OPTION', `Unknown option "${name}" of ${where}. ${advice}`)
  }
}

/** Returns the option's value or its default; throws unless it is a finite number within the limits. */
export function numberOption(
  name: string,
  value: unknown,
  defaultValue: number,
  limits: { readonly above?: number; readonly min?: number; readonly max?: number },
): number {
  if (value === undefined) return defaultValue
  const { above, min = -Infinity, max = Infinity } = limits
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value >= min &&
    value <= max &&
    (above === undefined || value > above)
  if (fits) return value
  const lower = above === undefined ? `at least ${min}` : `above ${above}`
  const upper = max === Infinity ? '' : ` and at most ${max}`
  throw invalid(
    `Option "${name}" must be a number ${lower}${upper}; received ${typeof value === 'number' ? value : describe(value)}`,
  )
}

/** Returns the option's value or its default; throws unless it is a boolean. */
export function booleanOption(name: string, value: unknown, defaultValue: boolean): boolean {
  if (value === undefined) return defaultValue
  if (typeof value === 'boolean') return value
  throw invalid(`Option "${name}" must be true or false; received ${describe(value)}`)
}

/** Returns the option's value or its default; throws unless it is one of `legal`. */
export function choiceOption<T extends string>(
  name: string,
  value: unknown,
  defaultValue: T,
  legal: readonly T[],
): T {
  if (value === undefined) return defaultValue
  const choice = legal.find((each) => each === value)
  if (choice !== undefined) return choice
  const names = legal.map((each) => JSON.stringify(each)).join(', ')
  throw invalid(`Option "${name}" must be one of ${names}; received ${describe(value)}`)
}

/** Throws unless `value` is an object with the method `method`. */
export function checkMethod(name: string, value: unknown, method: string): void {
  if (typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function') return
  throw invalid(`Option "${name}" must be an object with a method "${method}"; received ${describe(value)}`)
}

/** Throws unless `value` is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value === 'function') return
  throw invalid(`Option "${name}" must be a function; received ${describe(value)}`)
}

export function checkObject(name: string, value: unknown): asserts value is object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw invalid(`Option "${name}" must be an object; received ${describe(value)}`)
}

/**
 * Throws unless `value` is an object literal or alike: the entries of a Map or the value of a promise would be missed.
 */
export function checkPlainObject(name: string, value: unknown): asserts value is object {
  checkObject(name, value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return
  const isPromise = typeof Reflect.get(value, 'then') === 'function'
  const received = isPromise ? 'a promise' : 'an object with another prototype'
  throw invalid(`Option "${name}" must be a plain object; received ${received}`)
}

export function checkArray(name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`Option "${name}" must be an array; received ${describe(value)}`)
}
