/**
 * Stable codes of the errors that pg-switchyard raises. Errors of the server and of node-postgres pass through
 * unchanged.
 *
 * @example
 * const worthATry: ErrorCode[] = ['SWITCHYARD_NO_PRIMARY', 'SWITCHYARD_TIER_FULL']
 */
export type ErrorCode =
  /**
   * An option of the pool, of a query or of another function has an illegal value. The message names the option, the
   * legal values and the value that was received.
   */
  | 'SWITCHYARD_INVALID_OPTION'
  /** An option has an unknown name. The message names the nearest legal one. */
  | 'SWITCHYARD_UNKNOWN_OPTION'
  /** No server takes writes. The message says how each of them answered. */
  | 'SWITCHYARD_NO_PRIMARY'
  /** `expiringPassword()` or `rdsIam()` could not get a password; `cause` has the error. */
  | 'SWITCHYARD_NO_PASSWORD'
  /** More than one server takes writes on the same timeline, so nothing is written. */
  | 'SWITCHYARD_TWO_PRIMARIES'
  /** A replica belongs to another cluster than the primary. */
  | 'SWITCHYARD_FOREIGN_NODE'
  /** `setNodes()` or another method that needs a router was called on a pool that was made with one node. */
  | 'SWITCHYARD_SINGLE_NODE'
  /** A client holds a connection to an old primary that the cluster has left behind. */
  | 'SWITCHYARD_FENCED'
  /** No node answered a read within `readTimeoutMs`. */
  | 'SWITCHYARD_READ_TIMEOUT'
  /** A transaction on a replica cannot move to the primary, which one of its statements needs. */
  | 'SWITCHYARD_READ_ONLY_TRANSACTION'
  /** `pool.transaction()`: the server answered COMMIT with ROLLBACK. */
  | 'SWITCHYARD_TRANSACTION_ABORTED'
  /** A server refused a setting or the role of a session. The statement did not run. */
  | 'SWITCHYARD_SETTING_REFUSED'
  /** A replica rejected a statement of a listener of `acquire`. */
  | 'SWITCHYARD_HOOK_REFUSED'
  /** No replica can serve a read, and the primary already has as many of such reads as `primarySpill` allows. */
  | 'SWITCHYARD_PRIMARY_SPILL'
  /** The primary did not show within `failoverTimeoutMs` what a session has read from a replica. */
  | 'SWITCHYARD_PRIMARY_BEHIND'
  /** As many statements wait in the tier as `maxQueue` allows. */
  | 'SWITCHYARD_TIER_FULL'
  /** A statement waited in its tier for longer than `maxWaitMs`. */
  | 'SWITCHYARD_TIER_TIMEOUT'
  /** No node has the tags that the tier requires. */
  | 'SWITCHYARD_TIER_UNSERVED'
  /** In the event `discoveryFailed`: the discovery returned something other than a list of nodes. */
  | 'SWITCHYARD_BAD_DISCOVERY'
  /** The parser could not be loaded. */
  | 'SWITCHYARD_PARSER_UNAVAILABLE'
  /** An address of several servers led to one that cannot serve the read, and no other node could. */
  | 'SWITCHYARD_UNFIT_SERVER'
  /** `startCluster()` could not start or steer a server. */
  | 'SWITCHYARD_TEST_CLUSTER'
  /** A command of the command line failed. */
  | 'SWITCHYARD_CLI'

/**
 * Options of an error.
 *
 * @example
 * const options: SwitchyardErrorOptions = { cause: new Error('refused'), retryable: true }
 */
export interface SwitchyardErrorOptions {
  /** The error behind it. @defaultValue none */
  readonly cause?: unknown
  /** True when the same call may succeed if it is made again. @defaultValue false */
  readonly retryable?: boolean
}

/**
 * Base of every error that pg-switchyard raises. Distinguish them by `code`.
 *
 * @example
 * await pool.query('SELECT 1').catch((error: unknown) => {
 *   if (error instanceof SwitchyardError && error.retryable) console.log(error.code)
 * })
 */
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
