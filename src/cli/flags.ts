import { parseArgs } from 'node:util'
import { nearest } from '../config/known-options.ts'
import { quoted, usageError } from './command.ts'

/** The options of one command by name, without dashes. `list` may be given several times. */
export type FlagKinds = Readonly<Record<string, 'boolean' | 'value' | 'list'>>

/** The flags on a command line. */
export interface Flags {
  has(name: string): boolean
  value(name: string): string | undefined
  list(name: string): readonly string[]
}

/**
 * Reads `--name`, `--name value` and `--name=value`. Throws a usage error for anything else. It contains no values,
 * since they may be passwords.
 */
export function parseFlags(args: readonly string[], kinds: FlagKinds): Flags {
  const options = Object.fromEntries(
    Object.entries(kinds).map(([name, kind]) => [
      name,
      { type: kind === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  const given = new Map<string, string[]>()
  for (const token of tokens) {
    if (token.kind !== 'option') {
      throw usageError('Unexpected argument: this command takes only options')
    }
    const { name, rawName, value } = token
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (kind === undefined) throw unknownOption(rawName, Object.keys(kinds))
    if (kind === 'boolean' && value !== undefined) throw usageError(`Option "${rawName}" takes no value`)
    if (kind !== 'boolean' && (value === undefined || value === '')) {
      throw usageError(`Option "${rawName}" needs a value`)
    }
    const values = given.get(name) ?? []
    if (kind === 'value' && values.length > 0) throw usageError(`Option "${rawName}" is given twice`)
    given.set(name, [...values, value ?? ''])
  }
  return {
    has: (name) => given.has(name),
    value: (name) => given.get(name)?.[0],
    list: (name) => given.get(name) ?? [],
  }
}

/** Range of a whole number that a flag may have. */
export interface WholeNumber {
  readonly defaultValue: number
  readonly min: number
  readonly max: number
}

/** Reads a whole number. Throws a usage error for anything else. */
export function wholeNumber(flags: Flags, name: string, { defaultValue, min, max }: WholeNumber): number {
  const text = flags.value(name)
  if (text === undefined) return defaultValue
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  const received = quoted(text)
  const what = received === '' ? 'another text' : received.trim()
  throw usageError(`Option "--${name}" must be a whole number from ${min} to ${max}; received ${what}`)
}

function unknownOption(rawName: string, names: readonly string[]): Error {
  const guess = nearest(rawName.replace(/^-+/, ''), names)
  const advice = guess === undefined ? 'See --help' : `Did you mean "--${guess}"?`
  return usageError(`Unknown option${quoted(rawName)}. ${advice}`)
}
