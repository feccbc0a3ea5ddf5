import { SwitchyardError } from '../errors/error.ts'
import { EVENT_NAMES, STATEMENT_EVENTS } from '../observability/channels.ts'
import type { RouterEventEmitter, RouterEvents } from '../observability/events.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import type { PoolStats } from '../observability/stats.ts'
import { counted, readingsOf, StatementSamples, type Sample } from './samples.ts'

/** The parts of a pool that metrics come from. */
export interface MeasuredPool {
  readonly events: RouterEventEmitter
  readonly options?: { readonly max?: number | undefined }
  stats(): PoolStats
}

/** Pools by the names that they have in metrics. */
export type MeasuredPools = Readonly<Record<string, MeasuredPool>>

/** Receives a sample of the pool of this name. */
export type Take = (sample: Sample, pool: string) => void

/** Calls `take` for all that these pools report from now on. Returns a function that ends it. */
export function feed(pools: MeasuredPools, take: Take): () => void {
  const ends = Object.entries(pools).map(([name, { events }]) => {
    const samples = new StatementSamples()
    const took = (sample: Sample): void => take(sample, name)
    const listeners: [keyof RouterEvents, (...args: never[]) => void][] = [
      ['execution', (execution: QueryExecution) => samples.of(execution).forEach(took)],
      [
        'transactionMoved',
        ({ reason }: RouterEvents['transactionMoved'][0]) =>
          took(counted('switchyard.transactions.moved', reason)),
      ],
      [
        'tokenRejected',
        ({ reason }: RouterEvents['tokenRejected'][0]) => took(counted('switchyard.tokens.rejected', reason)),
      ],
    ]
    for (const event of EVENT_NAMES) {
      if (STATEMENT_EVENTS.includes(event)) continue
      const attributes = { 'switchyard.event': event }
      listeners.push([event, () => took({ instrument: 'switchyard.events', value: 1, attributes })])
    }
    for (const [event, listener] of listeners) events.on(event, listener)
    return () => {
      for (const [event, listener] of listeners) events.off(event, listener)
    }
  })
  return () => ends.forEach((end) => end())
}

/** Calls `take` for what the counters and nodes of these pools show now. */
export function readAll(pools: MeasuredPools, take: Take): void {
  for (const [name, pool] of Object.entries(pools)) {
    for (const reading of readingsOf(pool.stats(), pool.options?.max)) take(reading, name)
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
