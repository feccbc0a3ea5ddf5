import { SwitchyardError } from '../errors/error.ts'

/** No replica can serve the read, and the primary has as many of such reads as it may. */
export function spillError(): SwitchyardError {
  const message =
    'No replica can serve the read, and the primary already runs as many reads in their place as the option "primarySpill" allows'
  return new SwitchyardError('SWITCHYARD_PRIMARY_SPILL', message, { retryable: true })
}
