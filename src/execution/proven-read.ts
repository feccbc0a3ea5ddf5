import type { PoolClient } from 'pg'
import type { Position } from '../consistency/position.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Platform } from '../platform/platform.ts'
import type { Reached } from '../selection/reached.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Done, Send } from './execution.ts'
import { BEHIND } from './in-band.ts'
import { isServerError } from './server-error.ts'
import { askWhoAnswers, forgetWhoAnswers } from './who-answers.ts'

/** What such a read comes to whose server is not known to be as recent as it needs. */
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

/** Since version 8.23 node-postgres can send a query before the last one is answered. */
interface Pipelining {
  pipeline?: boolean
}

/**
 * Sends a read to an address that several servers share: whichever the connection has reached is asked who it is and how far,
 * in front of the read and over the same connection. What it was then it is behind it, for a standby that has become a primary
 * shows no less, and replay only moves forward.
 *
 * What the read has seen is bounded by the position behind it. That is asked for in the same round trip, too.
 */
export function provenRead(options: ProvenReadOptions): Send {
  return (client, done) => {
    const canSendAhead = options.isAhead && 'pipeline' in client
    if (canSendAhead) inOneRoundTrip(options, client, done)
    else inTurn(options, client, done)
  }
}

function inOneRoundTrip(options: ProvenReadOptions, client: PoolClient & Pipelining, done: Done): void {
  const { isFollowed, judge, platform, send } = options
  const { pipeline } = client
  let reached: Reached = { is: 'unfit' }
  let end: ((upTo: Observation | undefined) => void) | undefined
  client.pipeline = true
  askWhoAnswers(client, platform, (observation) => {
    if (observation !== undefined) reached = judge(observation)
  })
  let isBehindAsked = isFollowed
  send(client, (error, result) => {
    end = (upTo) => {
      end = undefined
      client.pipeline = pipeline ?? false
      finish(options, client, reached, upTo, done, error, result)
    }
    if (!isBehindAsked || (error && !isServerError(error))) end(undefined)
  })
  if (!isFollowed) return
  askWhoAnswers(client, platform, (observation) => {
    // An answer that comes first was asked for in front of the read, and bounds nothing.
    isBehindAsked = false
    end?.(observation)
  })
}

/** Where queries cannot be sent ahead, the read is sent when the server is known to be fit. */
function inTurn(options: ProvenReadOptions, client: PoolClient, done: Done): void {
  const { judge, platform, send } = options
  askWhoAnswers(client, platform, (observation, error) => {
    if (error && !isServerError(error)) return done(error)
    const reached: Reached = observation === undefined ? { is: 'unfit' } : judge(observation)
    const finished: Done = (failure, result) =>
      finish(options, client, reached, undefined, done, failure, result)
    if (reached.is === 'fit') send(client, finished)
    else finished(undefined)
  })
}

function finish(
  { node, served }: ProvenReadOptions,
  client: PoolClient,
  reached: Reached,
  behind: Observation | undefined,
  done: Done,
  error: Error | undefined,
  result?: unknown,
): void {
  if (error && !isServerError(error)) return done(error)
  if (reached.is === 'fit') {
    served(reached.server, positionOf(behind))
    return done(error, result)
  }
  if (reached.is === 'behind') return done(undefined, BEHIND)
  // It may follow another timeline by the next time.
  forgetWhoAnswers(client)
  if (reached.is === 'passed-over') return done(undefined, PASSED_OVER)
  done(unfitError(node.id))
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
