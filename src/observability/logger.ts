import { isJestWorker } from '../platform/jest-worker.ts'
import type Pino from 'pino'
import { requireLazily } from '../platform/require.ts'
import type { NodeChange, NodeStatus, RouterEventEmitter } from './events.ts'

/**
 * The part of a pino logger that the pool uses.
 *
 * @example
 * import { pino } from 'pino'
 * const logger: Logger = pino({ name: 'shop' })
 */
export interface Logger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/**
 * Creates a logger that writes to standard error with pino. pino is loaded with the first line that is written.
 * Loading it takes longer than everything else a constructor does, and most processes never log.
 */
export function defaultLogger(level: 'info' | 'warn' = 'warn'): Logger {
  let created: Logger | undefined
  const logger = (): Logger => (created ??= pinoLogger(level))
  if (isJestWorker()) logger()
  return {
    info: level === 'info' ? (fields, message) => logger().info(fields, message) : () => {},
    warn: (fields, message) => logger().warn(fields, message),
  }
}

function pinoLogger(level: 'info' | 'warn'): Logger {
  const { pino } = requireLazily('pino') as typeof Pino
  return pino({ name: 'pg-switchyard', level }, pino.destination({ dest: 2, sync: true }))
}

/**
 * Logs the events of the cluster. Writes no parameters, no passwords, and no server message about an application's
 * statement.
 */
export function logEvents(events: RouterEventEmitter, given: Logger): void {
  const logger = quiet(given)
  events.on('nodeChanged', (change) => {
    const { node, from, to, cause } = change
    const fields = cause === undefined ? { node, from, to } : { node, from, to, cause: cause.message }
    if (isBad(change)) logger.warn(fields, `Node ${node} is ${to}`)
    else logger.info(fields, `Node ${node} is ${to}`)
  })
  events.on('primaryChanged', ({ from, to }) => {
    if (from === undefined) logger.info({ to }, `The primary is ${to}`)
    else logger.warn({ from, to }, `The primary was ${from}, and is ${to} now`)
  })
  events.on('clientLeaked', ({ heldMs, stack }) => {
    logger.warn({ heldMs, stack }, `A client was not released within ${heldMs} ms`)
  })
  events.on('startedWithoutPrimary', () => {
    logger.warn({}, 'There is no primary yet: replicas serve reads, and their lag is unknown')
  })
  events.on('primaryConflict', ({ nodes }) => {
    logger.warn({ nodes }, 'More than one node takes writes: nothing is written until there is one')
  })
  events.on('timelineUnclear', ({ node, timeline }) => {
    logger.warn(
      { node, timeline },
      `${node} is not known to follow the primary's timeline and gets no reads. Grant pg_monitor to the role that asks`,
    )
  })
  events.on('nodeEjected', ({ node, forMs }) => {
    logger.warn({ node, forMs }, `${node} failed repeatedly and gets no reads for a while`)
  })
  events.on('loginRefused', ({ node, cause }) => {
    logger.warn(
      { node, cause: cause.message },
      `${node} refuses the login that the primary accepts, and gets no reads until it accepts it`,
    )
  })
  events.on('nodeSick', ({ node, cause }) => {
    logger.warn({ node, ...failureOf(cause) }, `${node} failed a read that another node answered`)
  })
  events.on('lastResort', ({ count }) => {
    logger.warn(
      { count },
      'Reads went to a replica that keeps failing, because no other node could serve them',
    )
  })
  events.on('retriesSpent', ({ count }) => {
    logger.warn({ count }, 'Reads failed because the retry budget is spent')
  })
  events.on('spillRefused', ({ count }) => {
    logger.warn({ count }, 'Reads failed because no replica could serve them and "primarySpill" was used up')
  })
  // Without the text: applications write values into it.
  events.on('readRefused', ({ node, cause }) => {
    logger.warn({ node, ...failureOf(cause) }, 'A standby rejected a statement that was classified as a read')
  })
  events.on('settingRefused', ({ node, cause }) => {
    logger.warn({ node, code: codeOf(cause.cause) }, 'A replica rejected a setting of a session')
  })
  events.on('clientPinned', ({ node, pin }) => {
    logger.info({ node, pin }, 'A client is pinned to its connection until it is released')
  })
  events.on('hookFailed', ({ node, cause }) => {
    logger.warn(
      { node, ...failureOf(cause) },
      'A hook for new connections failed on a connection to a replica',
    )
  })
  events.on('shapeLearned', ({ fingerprint, functions, relations }) => {
    logger.warn(
      { fingerprint, functions, relations },
      'Statements of this shape were classified as reads but write. They go to the primary from now on. ' +
        'Declare the function or relation that writes as "primaryOnly"',
    )
  })
  events.on('hintIgnored', ({ kind, reason }) => {
    logger.warn(
      { kind, reason },
      'A replica was requested, but the statement is not a proven read: it went to the primary',
    )
  })
  events.on('catalogLoaded', ({ functions, relations, durationMs }) => {
    logger.info({ functions, relations, durationMs }, 'The catalog was loaded')
  })
  events.on('catalogFailed', ({ cause, retryInMs, isLoaded }) => {
    logger.warn(
      { cause: messageOf(cause), retryInMs },
      isLoaded
        ? 'The catalog could not be refreshed: the previous one stays in force'
        : 'The catalog could not be loaded: reads of your own relations go to the primary',
    )
  })
  events.on('tokenRejected', ({ reason }) => {
    logger.info({ reason }, 'A session started with a token that was rejected')
  })
  events.on('lanesUnavailable', () => {
    logger.warn({}, 'Reads do not share connections: that needs pg 8.23 or newer, and not its native client')
  })
  events.on('nodesChanged', ({ added, removed }) => {
    logger.info({ added, removed }, 'The nodes of the cluster have changed')
  })
  events.on('addressShared', ({ node }) => {
    logger.warn({ node }, `Several servers share the address ${node}. Give it the option "balanced: true"`)
  })
  events.on('discoveryFailed', ({ cause, retryInMs }) => {
    logger.warn(
      { cause: cause.message, retryInMs },
      'The nodes could not be discovered: the current ones stay',
    )
  })
  events.on('balancerFailed', ({ cause }) => {
    logger.warn({ cause: cause.message }, 'The balancer threw: reads take the nodes in the order of the list')
  })
  events.on('connectionLost', ({ node, cause }) => {
    logger.info({ node, cause: cause.message }, 'An idle connection was lost')
  })
}

/**
 * Describes the failure of an application's statement. The server's message may contain a value, so only its SQLSTATE
 * is logged.
 */
function failureOf(cause: Error): object {
  return 'severity' in cause ? { code: codeOf(cause) } : { cause: cause.message }
}

/** Returns the SQLSTATE, for errors whose message may contain a value. */
function codeOf(cause: unknown): string {
  return cause instanceof Error ? String(Reflect.get(cause, 'code')) : 'unknown'
}

/** Wraps a logger so that its exceptions are dropped. */
function quiet(logger: Logger): Logger {
  const attempt = (write: () => void): void => {
    try {
      write()
    } catch {
      // The events carry the same facts.
    }
  }
  return {
    info: (fields, message) => attempt(() => logger.info(fields, message)),
    warn: (fields, message) => attempt(() => logger.warn(fields, message)),
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

const GOOD: ReadonlySet<NodeStatus> = new Set(['pending', 'primary', 'replica', 'suspected'])

function isBad({ to }: NodeChange): boolean {
  return !GOOD.has(to)
}
