import { checkNames, checkObject, choiceOption, invalid } from '../config/validate.ts'
import { CONSISTENCIES, type Consistency } from '../consistency/mode.ts'
import { tierOf } from '../client/query-arguments.ts'
import type { Overlay } from '../consistency/overlay.ts'
import { describe } from '../errors/describe.ts'
import { overlayOf, type SettingValues } from './session-settings-options.ts'

/**
 * Options of a session.
 *
 * @example
 * const options: SessionOptions = { settings: { 'app.tenant': '7' }, consistency: 'bounded' }
 */
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
  /**
   * Settings of its statements, by name: `{ 'app.tenant': '7', search_path: 't7' }`. They hold for each statement of
   * the session, on whichever node it runs, and for no other. They are sent as parameters. Numbers and booleans become
   * strings. Sessions within this one have them too, unless they give other values.
   *
   * Not possible are settings of transactions, `role` and `session_authorization`, settings on which node-postgres or
   * routing rely, and `pg_catalog` or `pg_temp` in `search_path`: `SWITCHYARD_INVALID_OPTION`. If a server refuses one,
   * the statement does not run and fails with `SWITCHYARD_SETTING_REFUSED`. @defaultValue those of the enclosing
   * session
   */
  readonly settings?: SettingValues | undefined
  /**
   * Role under which its statements run, as by SET ROLE; `'none'` for the role of the connections. If the server
   * refuses it, the statement does not run and fails with `SWITCHYARD_SETTING_REFUSED`. @defaultValue that of the
   * enclosing session
   */
  readonly role?: string | undefined
}

/** Validated options of a session. */
export interface CheckedSessionOptions extends SessionOptions {
  /** The settings and the role. */
  readonly overlay?: Overlay | undefined
}

const NAMES: ReadonlySet<string> = new Set(['consistency', 'token', 'tier', 'settings', 'role'])

/**
 * Validates the options. Throws `SWITCHYARD_INVALID_OPTION` or `SWITCHYARD_UNKNOWN_OPTION`. A token is validated later.
 */
export function checkSessionOptions(options: SessionOptions): CheckedSessionOptions {
  checkObject('session', options)
  checkNames(options, NAMES, 'a session')
  const { consistency, role, settings, tier, token } = options
  if (token !== undefined && typeof token !== 'string') {
    throw invalid(`Option "token" of a session must be a string; received ${describe(token)}`)
  }
  if (tier !== undefined) tierOf(tier)
  if (consistency !== undefined) choiceOption('consistency', consistency, 'causal', CONSISTENCIES)
  return { ...options, overlay: overlayOf(settings, role) }
}
