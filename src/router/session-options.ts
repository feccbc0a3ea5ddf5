import { checkNames, checkObject, choiceOption, invalid } from '../config/validate.ts'
import { CONSISTENCIES, type Consistency } from '../consistency/mode.ts'
import { tierOf } from '../client/query-arguments.ts'
import { describe } from '../errors/describe.ts'

/** What a session begins with. */
export interface SessionOptions {
  /** What its reads may show. @defaultValue as the pool's `consistency` */
  readonly consistency?: Consistency | undefined
  /**
   * The text that `token()` of another session gave, in this process or in another one: what that one wrote, this one
   * reads. A token that cannot be believed counts as none, with the event `tokenRejected`.
   */
  readonly token?: string | undefined
  /** The class of work that its statements belong to, one of the pool's `tiers`. @defaultValue as the session around it */
  readonly tier?: string | undefined
}

const NAMES: ReadonlySet<string> = new Set(['consistency', 'token', 'tier'])

/** Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`. A token is judged later: it comes from outside. */
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
