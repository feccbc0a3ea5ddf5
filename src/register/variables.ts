import type { PoolOptions } from '../config/options.ts'
import { nearest } from '../config/known-options.ts'
import { resolveOptions } from '../config/resolved-options.ts'
import { SwitchyardError } from '../errors/error.ts'
import { defaultLogger } from '../observability/logger.ts'

/** Values of environment variables, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

export const PREFIX = 'PG_SWITCHYARD_'
/** Variable that switches everything off without a change of the command line. */
export const SWITCH = 'PG_SWITCHYARD'

type Reader = (text: string) => PoolOptions

const number = (option: keyof PoolOptions): Reader => {
  return (text) => ({ [option]: numberIn(text) })
}
const text = (option: keyof PoolOptions): Reader => {
  return (value) => ({ [option]: value })
}

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['PG_SWITCHYARD_CONSISTENCY', text('consistency')],
  ['PG_SWITCHYARD_CATCH_UP_TIMEOUT_MS', number('catchUpTimeoutMs')],
  ['PG_SWITCHYARD_MAX_STALENESS_MS', number('maxStalenessMs')],
  ['PG_SWITCHYARD_WINDOW_MS', number('windowMs')],
  ['PG_SWITCHYARD_WITHOUT_PRIMARY_AT_START', text('withoutPrimaryAtStart')],
  ['PG_SWITCHYARD_READ_TIMEOUT_MS', number('readTimeoutMs')],
  ['PG_SWITCHYARD_FAILOVER_TIMEOUT_MS', number('failoverTimeoutMs')],
  ['PG_SWITCHYARD_PROBE_INTERVAL_MS', number('probeIntervalMs')],
  ['PG_SWITCHYARD_MAX_LAG_MS', (value) => ({ maxLag: { ms: numberIn(value) } })],
  ['PG_SWITCHYARD_MAX_LAG_BYTES', (value) => ({ maxLag: { bytes: numberIn(value) } })],
  ['PG_SWITCHYARD_PRIMARY_SPILL_SHARE', (value) => ({ primarySpill: { share: numberIn(value) } })],
  ['PG_SWITCHYARD_CHECKOUT', text('checkout')],
  ['PG_SWITCHYARD_LOG', loggerOption],
])

/** All known variables with this prefix. */
export const VARIABLES: readonly string[] = [...READERS.keys()]

/**
 * Returns the options that the variables with this prefix set. Throws `SWITCHYARD_UNKNOWN_OPTION` or
 * `SWITCHYARD_INVALID_OPTION`, naming the variable.
 */
export function optionsOf(environment: Environment): PoolOptions {
  let options: PoolOptions = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || !value) continue
    const read = READERS.get(variable)
    if (read === undefined) throw unknownVariable(variable)
    const given = named(variable, () => {
      const option = read(value)
      resolveOptions({ logger: false, ...option })
      return option
    })
    const { maxLag } = options
    options = { ...options, ...given }
    if (maxLag && given.maxLag) options = { ...options, maxLag: { ...maxLag, ...given.maxLag } }
  }
  // Some limits depend on another option.
  named(`${PREFIX}…`, () => resolveOptions({ logger: false, ...options }))
  return options
}

/** Runs `read` and adds the variable's name to the messages of its errors. */
export function named<T>(variable: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SwitchyardError)) throw error
    throw new SwitchyardError(error.code, `${variable}: ${error.message}`)
  }
}

export function invalidVariable(variable: string, problem: string): SwitchyardError {
  return new SwitchyardError('SWITCHYARD_INVALID_OPTION', `${variable} ${problem}`)
}

function unknownVariable(variable: string): SwitchyardError {
  const guess = nearest(variable, VARIABLES) ?? VARIABLES.join(', ')
  return new SwitchyardError(
    'SWITCHYARD_UNKNOWN_OPTION',
    `Unknown environment variable ${variable}. Did you mean ${guess}?`,
  )
}

/** Converts a value to a number. Other text stays text, so that the validation of the option reports it. */
function numberIn(value: string): number {
  const parsed = Number(value)
  return (value.trim() === '' || Number.isNaN(parsed) ? value : parsed) as number
}

function loggerOption(level: string): PoolOptions {
  if (level === 'off') return { logger: false }
  if (level === 'warn' || level === 'info') return { logger: defaultLogger(level) }
  throw new SwitchyardError('SWITCHYARD_INVALID_OPTION', 'must be "off", "warn" or "info"')
}
