import { SwitchyardError } from '../errors/error.ts'
import { withOutcome } from '../errors/outcome.ts'

/**
 * Classes of SQLSTATE that concern the server or the connection, not a setting: connection exceptions, insufficient
 * resources, operator intervention, system and internal errors. Of class 25, sessions that were ended.
 */
const OF_THE_SERVER = /^(?:08|53|57|58|XX|25P0[34])/

const MADE_ELSEWHERE = 'A server refused settings that its session has made over another connection'
const OF_SESSION = 'A server refused the settings or the role of the session'

/** Creates the error of a statement that was not sent because its settings were rejected. */
export function refused(cause: Error, isOfSession: boolean = false): Error {
  const code = String(Reflect.get(cause, 'code'))
  if (!('severity' in cause) || OF_THE_SERVER.test(code)) return withOutcome(cause, 'not-sent')
  const message = `${isOfSession ? OF_SESSION : MADE_ELSEWHERE} (${code})`
  return withOutcome(new SwitchyardError('SWITCHYARD_SETTING_REFUSED', message, { cause }), 'not-sent')
}
