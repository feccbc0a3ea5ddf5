import { describe } from '../errors/describe.ts'
import { SwitchyardError } from '../errors/error.ts'

const SHORTEST_INTERVAL_MS = 100
const LONGEST_MS = 24 * 60 * 60 * 1000

export function invalidOption(name: string, legal: string, received: unknown): SwitchyardError {
  return new SwitchyardError(
    'SWITCHYARD_INVALID_OPTION',
    `Option "${name}" must be ${legal}; received ${describe(received)}`,
  )
}

/** Validates an interval in milliseconds and applies its default. */
export function intervalOption(name: string, value: unknown, defaultMs: number): number {
  return durationOption(name, value, defaultMs, SHORTEST_INTERVAL_MS)
}

/** Validates a duration in milliseconds and applies its default. */
export function durationOption(name: string, value: unknown, defaultMs: number, min = 1): number {
  if (value === undefined) return defaultMs
  if (typeof value === 'number' && value >= min && value <= LONGEST_MS) return value
  throw invalidOption(name, `a number of milliseconds from ${min} to ${LONGEST_MS}`, value)
}

/** Validates a name: a non-empty string without white space. */
export function nameOption(name: string, value: unknown): string {
  if (typeof value === 'string' && /^\S+$/.test(value)) return value
  throw invalidOption(name, 'a name', value)
}

/** Validates an optional port. */
export function portOption(name: string, value: unknown): number | undefined {
  if (value === undefined || isPort(value)) return value
  throw invalidOption(name, 'an integer from 1 to 65535', value)
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535
}
