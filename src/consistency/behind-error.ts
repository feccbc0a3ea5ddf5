import { SwitchyardError } from '../errors/error.ts'

/** No replica can serve the read, and what its session has seen on one the primary does not show. */
export function behindError(): SwitchyardError {
  const message =
    'What this session has read on a replica the primary does not show yet: it waits for its synchronous standbys'
  return new SwitchyardError('SWITCHYARD_PRIMARY_BEHIND', message, { retryable: true })
}
