import { checkNames, checkObject, choiceOption, invalid } from '../config/validate.ts'
import { CONSISTENCIES, type Consistency } from '../consistency/mode.ts'
import { tierOf } from '../client/query-arguments.ts'
import { describe } from '../errors/describe.ts'

/** Options of a session. */
export interface SessionOptions {
  /** Consistency of its reads. @defaultValue the pool's `consistency` */
  readonly consistency?: Consistency | undefined
  /**
   * A token from `token()` of another session, of this process or another one, whose writes this session has to read.
   * An invalid token is ignored, with the event `tokenRejected`.
   */
  readonly token?: string | undefined
  /** Tier of its statements, one of the pool's `tiers`. @defaultValue that of the enclosing session */
  readonly tier?: string | undefined
}

const NAMES: ReadonlySet<string> = new Set(['consistency', 'token', 'tier'])

/**
 * Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`. A token is validated later.
 */
export function checkSessionOptions(options: SessionOptions): SessionOptions {
  checkObject('session', options)
  checkNames(options, NAMES, 'a session')
  const { consistency, tier, token } = options
  if (token !== undefined && typeof token !== 'string') {
    throw invalid(`Option "token" of a session must be a string; received ${describe(token)}`)
  }
  if (tier !== undefined) tierOf(tier)
  if (consistency !== undefined) choiceOption('consistency', consistency, 'causal', CONSISTENCIES)
  return options
}
