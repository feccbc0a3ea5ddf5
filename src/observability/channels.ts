import { channel, tracingChannel, type Channel, type TracingChannel } from 'node:diagnostics_channel'
import type { RouterEvents } from './events.ts'
import type { QueryExecution } from './statement-events.ts'

/** Each event, and whether it belongs to a single statement, to one use of a connection, or to the pool. */
const EVENTS: Readonly<Record<keyof RouterEvents, 'statement' | 'connection' | 'pool'>> = {
  decision: 'statement',
  execution: 'statement',
  wait: 'statement',
  retry: 'statement',
  repair: 'statement',
  spill: 'statement',
  positionAsked: 'pool',
  nodeChanged: 'pool',
  primaryChanged: 'pool',
  startedWithoutPrimary: 'pool',
  primaryConflict: 'pool',
  timelineUnclear: 'pool',
  nodeEjected: 'pool',
  loginRefused: 'pool',
  nodeSick: 'pool',
  lastResort: 'pool',
  retriesSpent: 'pool',
  spillRefused: 'pool',
  readRefused: 'pool',
  settingRefused: 'pool',
  clientPinned: 'pool',
  transactionMoved: 'pool',
  hookFailed: 'pool',
  shapeLearned: 'pool',
  hintIgnored: 'pool',
  tokenRejected: 'pool',
  lanesUnavailable: 'pool',
  nodesChanged: 'pool',
  addressShared: 'pool',
  discoveryFailed: 'pool',
  catalogLoaded: 'pool',
  catalogFailed: 'pool',
  clientLeaked: 'pool',
  balancerFailed: 'pool',
  connectionLost: 'pool',
  connectionOpened: 'connection',
  connectionReturned: 'connection',
  connectionTimedOut: 'connection',
}

/** Names of all events. */
export const EVENT_NAMES: readonly (keyof RouterEvents)[] = Object.keys(EVENTS) as (keyof RouterEvents)[]

/** Names of the events of single statements. */
export const STATEMENT_EVENTS: readonly (keyof RouterEvents)[] = EVENT_NAMES.filter(
  (name) => EVENTS[name] === 'statement',
)

/** Names of the events that happen seldom. */
export const POOL_EVENTS: readonly (keyof RouterEvents)[] = EVENT_NAMES.filter(
  (name) => EVENTS[name] === 'pool',
)

/** Prefix of the names of all channels. */
const PREFIX = 'pg-switchyard:'

/** The channel of each event. */
export const channels: Readonly<Record<keyof RouterEvents, Channel>> = Object.fromEntries(
  EVENT_NAMES.map((name) => [name, channel(PREFIX + name)]),
) as Record<keyof RouterEvents, Channel>

/**
 * Message of `tracingChannel('pg-switchyard:connect')`: one new connection to a node.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel'
 * tracingChannel('pg-switchyard:connect').asyncEnd.subscribe((message) =>
 *   console.log((message as ConnectMessage).node),
 * )
 */
export interface ConnectMessage {
  readonly pool: string
  readonly node: string
  readonly durationMs?: number
  readonly error?: QueryExecution['error']
}

/**
 * Message of `tracingChannel('pg-switchyard:checkout')`: the lease of one connection, for a statement, a client or a
 * lane.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel'
 * tracingChannel('pg-switchyard:checkout').asyncEnd.subscribe((message) =>
 *   console.log((message as CheckoutMessage).durationMs),
 * )
 */
export interface CheckoutMessage {
  readonly pool: string
  readonly node: string
  /** Time from the request to the lease, in milliseconds. Set at the end. */
  readonly durationMs?: number
  readonly error?: QueryExecution['error']
}

/**
 * A tracing channel. `@types/node` 26 has the types of message and store in the other order than its predecessors.
 * Declarations are checked with that of the application. So both are the message here, where no store is bound.
 */
export type Traced<Message extends object> = TracingChannel<Message, Message>

export const queryChannel: Traced<QueryExecution> = tracingChannel(`${PREFIX}query`)
export const connectChannel: Traced<ConnectMessage> = tracingChannel(`${PREFIX}connect`)
export const checkoutChannel: Traced<CheckoutMessage> = tracingChannel(`${PREFIX}checkout`)

/** All channels on which single statements are published. */
export const STATEMENT_CHANNELS: readonly Channel[] = [
  queryChannel.start,
  queryChannel.end,
  queryChannel.asyncStart,
  queryChannel.asyncEnd,
  queryChannel.error,
  ...STATEMENT_EVENTS.map((name) => channels[name]),
] as readonly Channel[]

/** Whether anybody listens to a tracing channel. Runtimes differ in its own `hasSubscribers`. */
export function isTraced({ asyncEnd, asyncStart, end, error, start }: Traced<object>): boolean {
  return (
    start.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers
  )
}
