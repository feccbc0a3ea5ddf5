import { nodeIdOf } from '../config/nodes.ts'
import { SwitchyardError } from '../errors/error.ts'
import { POOL_EVENTS } from '../observability/channels.ts'
import type {
  ConnectionOpened,
  ConnectionReturned,
  ConnectionTimedOut,
  RouterEventEmitter,
  RouterEvents,
} from '../observability/events.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { Durations } from './distribution.ts'
import { PoolMeter, type MakeDurations } from './pool-meter.ts'
import { connectionReadings, readingsOf, type Sample } from './samples.ts'

/**
 * The parts of a pool that metrics come from.
 *
 * @example
 * const measured: MeasuredPool = pool
 */
export interface MeasuredPool {
  readonly events: RouterEventEmitter
  readonly options?: {
    readonly max?: number | undefined
    readonly min?: number | undefined
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly connectionString?: string | undefined
    readonly name?: string | undefined
  }
  readonly totalCount?: number
  readonly idleCount?: number
  readonly waitingCount?: number
  stats(): PoolStats
}

/**
 * Pools by the names that they have in metrics.
 *
 * @example
 * const pools: MeasuredPools = { shop: pool }
 */
export type MeasuredPools = Readonly<Record<string, MeasuredPool>>

/** Receives a value of the pool of this name. */
export type Take = (sample: Sample, pool: string) => void

/** The reports of pools, from the start of its collection on. */
export interface Feed {
  /** Calls `take` for all counters and for what the nodes show now. */
  read(take: Take): void
  end(): void
}

/** @param durations Makes the receiver of the durations of one series of the pool of this name. */
export function feed(
  pools: MeasuredPools,
  durations: (pool: string, ...of: Parameters<MakeDurations>) => Durations,
): Feed {
  const meters = Object.entries(pools).map(([name, pool]) => {
    const meter = new PoolMeter((...of) => durations(name, ...of))
    return { name, pool, meter, end: listen(pool.events, meter) }
  })
  return {
    read(take) {
      for (const { meter, name, pool } of meters) {
        for (const reading of meter.readings()) take(reading, name)
        for (const reading of readingsOf(pool.stats(), pool.options)) take(reading, name)
        for (const reading of connectionsOfOneNode(pool)) take(reading, name)
      }
    },
    end() {
      for (const { end } of meters) end()
    },
  }
}

/** The connections of a pool of one node, whose statistics have no nodes. */
function connectionsOfOneNode(pool: MeasuredPool): readonly Sample[] {
  const { idleCount: idle = 0, options = {}, totalCount: total, waitingCount: waiting = 0 } = pool
  if (total === undefined || pool.stats().nodes.length > 0) return []
  return connectionReadings(nodeIdOf(options), { idle, total, waiting }, options)
}

function listen(events: RouterEventEmitter, meter: PoolMeter): () => void {
  const listeners: [keyof RouterEvents, (...args: never[]) => void][] = [
    ['execution', (execution: QueryExecution) => meter.add(execution)],
    ['connectionOpened', (opened: ConnectionOpened) => meter.opened(opened)],
    ['connectionReturned', (returned: ConnectionReturned) => meter.returned(returned)],
    ['connectionTimedOut', (timedOut: ConnectionTimedOut) => meter.timedOut(timedOut)],
    [
      'transactionMoved',
      ({ reason }: RouterEvents['transactionMoved'][0]) =>
        meter.count('switchyard.transactions.moved', { 'switchyard.reason': reason }),
    ],
    [
      'tokenRejected',
      ({ reason }: RouterEvents['tokenRejected'][0]) =>
        meter.count('switchyard.tokens.rejected', { 'switchyard.reason': reason }),
    ],
  ]
  for (const event of POOL_EVENTS) {
    listeners.push([event, () => meter.count('switchyard.events', { 'switchyard.event': event })])
  }
  for (const [event, listener] of listeners) events.on(event, listener)
  return () => {
    for (const [event, listener] of listeners) events.off(event, listener)
  }
}

/** Throws `SWITCHYARD_INVALID_OPTION` unless these are pools by name. */
export function checkPools(pools: unknown): asserts pools is MeasuredPools {
  const entries = typeof pools === 'object' && pools !== null ? Object.entries(pools) : []
  const isLegal = entries.length > 0 && entries.every(([, pool]) => isPool(pool))
  if (isLegal) return
  const message = `Option "pools" must be an object of pools of pg-switchyard by name, such as { shop: pool }`
  throw new SwitchyardError('SWITCHYARD_INVALID_OPTION', message)
}

function isPool(pool: unknown): boolean {
  if (typeof pool !== 'object' || pool === null) return false
  return typeof Reflect.get(pool, 'stats') === 'function' && typeof Reflect.get(pool, 'events') === 'object'
}
