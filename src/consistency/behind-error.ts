import { SwitchyardError } from '../errors/error.ts'

/**
 * Creates the error for a read that no replica can serve while the primary does not show what its session has already
 * seen.
 */
export function behindError(): SwitchyardError {
  const message =
    'The primary does not show yet what this session has read on a replica: it waits for its synchronous standbys'
  return new SwitchyardError('SWITCHYARD_PRIMARY_BEHIND', message, { retryable: true })
}
