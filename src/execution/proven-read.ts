import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
import { shownUpTo } from '../consistency/shown-up-to.ts'
import { SwitchyardError } from '../errors/error.ts'
import { canSendAhead, exchange, NOTHING, type End } from '../nodes/exchange.ts'
import type { Platform } from '../platform/platform.ts'
import type { Reached } from '../selection/reached.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Send } from './execution.ts'
import { BEHIND } from './in-band.ts'
import { isServerError } from '../platform/server-error.ts'
import { whoAnswers, forgetWhoAnswers } from './who-answers.ts'

/** Error of a read whose server is not known to be fresh enough. */
export const PASSED_OVER: unique symbol = Symbol('passed over')

export interface ProvenReadOptions {
  readonly node: NodeView
  readonly send: Send
  readonly platform: Platform
  /** Judges whether a server with this observation may serve the read. */
  readonly judge: (observation: Observation) => Reached
  /** Whether the check and the read may share one round trip. */
  readonly isAhead: boolean
  /** Whether to ask what the server has shown, after the read. */
  readonly isFollowed: boolean
  /** Called with the server that answered, and a position that covers what the read has shown. */
  readonly served: (server: NodeView, upTo: Position | undefined) => void
}

/**
 * Sends a read to a shared address. Right before it, over the same connection, it asks the server for its identity and
 * position. They still hold for the read: replay only moves forward, and a promoted standby shows no less.
 *
 * The position that covers what the read has shown is requested behind it, in the same round trip.
 */
export function provenRead(options: ProvenReadOptions): Send {
  const { isAhead: canPipeline, isFollowed, platform, served } = options
  return (client, done) => {
    let server: NodeView | undefined
    let upTo: Position | undefined
    const fitness = whoAnswers(client, options.node, platform, (observation, error) => {
      if (error && !isServerError(error)) return { error }
      const reached: Reached = observation === undefined ? { is: 'unfit' } : options.judge(observation)
      if (reached.is === 'fit') server = reached.server
      return endOf(options.node.id, client, reached)
    })
    const progress = whoAnswers(client, options.node, platform, (observation) => {
      upTo = observation && shownUpTo(observation)
      return undefined
    })
    // The answer does not wait for a query that needs another round trip.
    const after = isFollowed && canPipeline && canSendAhead(client) ? [progress] : NOTHING
    exchange(client, { before: [fitness], query: options.send, after, canPipeline }, (error, result) => {
      if (server !== undefined && !(error && !isServerError(error))) served(server, upTo)
      done(error, result)
    })
  }
}

/** Returns the end of a read whose server cannot serve it. */
function endOf(id: NodeId, client: PoolClient, { is }: Reached): End | undefined {
  if (is === 'fit') return undefined
  if (is === 'behind') return { result: BEHIND }
  // It may be on another timeline by the next attempt.
  forgetWhoAnswers(client)
  return is === 'passed-over' ? { result: PASSED_OVER } : { error: unfitError(id) }
}

/** Creates the error for a server behind a shared address that cannot serve the read. */
export function unfitError(id: NodeId): SwitchyardError {
  const message =
    `${id} led to a server that cannot serve this read. It is not watched, not a replica of ` +
    'the cluster, too far behind, or behind a pooler'
  return new SwitchyardError('SWITCHYARD_UNFIT_SERVER', message, { retryable: true })
}

/** Whether an error is the one of `unfitServerError`. */
export function isUnfit(error: Error | undefined): error is SwitchyardError {
  return error instanceof SwitchyardError && error.code === 'SWITCHYARD_UNFIT_SERVER'
}
