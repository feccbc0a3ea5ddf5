import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
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

/** The result of such a read whose server is not known to be as recent as it needs. */
export const PASSED_OVER: unique symbol = Symbol('passed over')

export interface ProvenReadOptions {
  readonly node: NodeView
  readonly send: Send
  readonly platform: Platform
  /** What a server is to this read that says this of itself. */
  readonly judge: (observation: Observation) => Reached
  /** Whether the question and the read may go in one round trip. */
  readonly isAhead: boolean
  /** Whether it matters how far the server has come behind the read. */
  readonly isFollowed: boolean
  /** The answer is that of this server, which has come so far behind it. */
  readonly served: (server: NodeView, upTo: Position | undefined) => void
}

/**
 * Sends a read to an address that several servers share: whichever the connection has reached is asked who it is and how far,
 * in front of the read and over the same connection. What it was then it is behind it, for a standby that has become a primary
 * shows no less, and replay only moves forward.
 *
 * What the read has seen is bounded by the position behind it. That is asked for in the same round trip, too.
 */
export function provenRead(options: ProvenReadOptions): Send {
  const { isAhead: canPipeline, isFollowed, platform, served } = options
  return (client, done) => {
    let server: NodeView | undefined
    let upTo: Position | undefined
    const fitness = whoAnswers(client, platform, (observation, error) => {
      if (error && !isServerError(error)) return { error }
      const reached: Reached = observation === undefined ? { is: 'unfit' } : options.judge(observation)
      if (reached.is === 'fit') server = reached.server
      return endOf(options.node.id, client, reached)
    })
    const progress = whoAnswers(client, platform, (observation) => {
      upTo = positionOf(observation)
      return undefined
    })
    // Where it would take another round trip, the answer is not to wait for it.
    const after = isFollowed && canPipeline && canSendAhead(client) ? [progress] : NOTHING
    exchange(client, { before: [fitness], query: options.send, after, canPipeline }, (error, result) => {
      if (server !== undefined && !(error && !isServerError(error))) served(server, upTo)
      done(error, result)
    })
  }
}

/** Gives how the read ends whose server is not fit for it. */
function endOf(id: NodeId, client: PoolClient, { is }: Reached): End | undefined {
  if (is === 'fit') return undefined
  if (is === 'behind') return { result: BEHIND }
  // It may follow another timeline by the next time.
  forgetWhoAnswers(client)
  return is === 'passed-over' ? { result: PASSED_OVER } : { error: unfitError(id) }
}

/** The address has led to a server that is of no use. */
export function unfitError(id: NodeId): SwitchyardError {
  const message = `${id} led to a server that cannot serve this read: none that is watched, no replica of the cluster, too far behind, or behind a pooler`
  return new SwitchyardError('SWITCHYARD_UNFIT_SERVER', message, { retryable: true })
}

/** True for what such a read fails with whose server is of no use. */
export function isUnfit(error: Error | undefined): error is SwitchyardError {
  return error instanceof SwitchyardError && error.code === 'SWITCHYARD_UNFIT_SERVER'
}

function positionOf(observation: Observation | undefined): Position | undefined {
  if (observation?.role !== 'replica') return undefined
  const { lsn, systemIdentifier, timeline } = observation
  return lsn === undefined || timeline === undefined ? undefined : { lsn, systemIdentifier, timeline }
}
