/**
 * Stable codes of the errors that pg-switchyard raises. Errors of the server and of node-postgres pass through
 * unchanged.
 */
export type ErrorCode =
  | 'SWITCHYARD_INVALID_OPTION'
  | 'SWITCHYARD_UNKNOWN_OPTION'
  | 'SWITCHYARD_NO_PRIMARY'
  | 'SWITCHYARD_NO_PASSWORD'
  | 'SWITCHYARD_TWO_PRIMARIES'
  | 'SWITCHYARD_FOREIGN_NODE'
  | 'SWITCHYARD_SINGLE_NODE'
  | 'SWITCHYARD_FENCED'
  | 'SWITCHYARD_READ_TIMEOUT'
  | 'SWITCHYARD_READ_ONLY_TRANSACTION'
  | 'SWITCHYARD_TRANSACTION_ABORTED'
  | 'SWITCHYARD_SETTING_REFUSED'
  | 'SWITCHYARD_HOOK_REFUSED'
  | 'SWITCHYARD_PRIMARY_SPILL'
  | 'SWITCHYARD_PRIMARY_BEHIND'
  | 'SWITCHYARD_TIER_FULL'
  | 'SWITCHYARD_TIER_TIMEOUT'
  | 'SWITCHYARD_TIER_UNSERVED'
  | 'SWITCHYARD_BAD_DISCOVERY'
  | 'SWITCHYARD_PARSER_UNAVAILABLE'
  | 'SWITCHYARD_UNFIT_SERVER'
  | 'SWITCHYARD_TEST_CLUSTER'
  | 'SWITCHYARD_CLI'

export interface SwitchyardErrorOptions {
  readonly cause?: unknown
  /** True when the same call may succeed if it is made again. @defaultValue false */
  readonly retryable?: boolean
}

/** Base of every error that pg-switchyard raises. Distinguish them by `code`. */
export class SwitchyardError extends Error {
  override readonly name: string = 'SwitchyardError'
  readonly code: ErrorCode
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options: SwitchyardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
  }
}
