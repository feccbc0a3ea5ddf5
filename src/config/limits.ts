import type { PoolConfig } from 'pg'
import { describe } from '../errors/describe.ts'
import { checkNames, checkObject, invalid, numberOption } from './validate.ts'

/** Longest delay of a timer. Node.js fires a longer one at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1
const MIB = 1024 * 1024
/** Default of pg-pool's `max`. */
const DEFAULT_MAX = 10

/**
 * Returns the maximum number of connections of pg-pool, where 0 means the default. pg-pool compares it, so the text of
 * a number is as good.
 *
 * @throws SwitchyardError SWITCHYARD_INVALID_OPTION for what no number can be made of
 */
export function maxOf({ max, poolSize }: PoolConfig & { readonly poolSize?: number }): number {
  const most: unknown = max || poolSize || DEFAULT_MAX
  if (typeof most === 'symbol' || typeof most === 'function' || typeof most === 'object') {
    throw invalid(`Option "max" must be a number; received ${describe(most)}`)
  }
  return Number(most)
}

const MAX_LAG_OPTIONS: ReadonlySet<string> = new Set(['ms', 'bytes'])
const SPILL_OPTIONS: ReadonlySet<string> = new Set(['share', 'over'])

/** Limit on the reads that run on the primary in place of replicas, and what happens beyond it. */
export interface SpillLimit {
  readonly places: number
  readonly over: 'wait' | 'fail'
}

export function timeoutOption(name: string, value: unknown, defaultValue = 0): number {
  return numberOption(name, value, defaultValue, { above: 0, max: LONGEST_TIMER_MS })
}

export function maxLagOf(maxLag: unknown): { readonly ms: number; readonly bytes: number } {
  if (maxLag !== undefined) checkObject('maxLag', maxLag)
  const { ms, bytes }: { ms?: unknown; bytes?: unknown } = maxLag ?? {}
  checkNames(maxLag ?? {}, MAX_LAG_OPTIONS, 'maxLag')
  return {
    ms: numberOption('maxLag.ms', ms, 10_000, { above: 0 }),
    bytes: numberOption('maxLag.bytes', bytes, 64 * MIB, { above: 0 }),
  }
}

export function spillOf(primarySpill: unknown, pgOptions: PoolConfig): SpillLimit {
  if (primarySpill !== undefined) checkObject('primarySpill', primarySpill)
  const { share, over = 'wait' }: { share?: unknown; over?: unknown } = primarySpill ?? {}
  checkNames(primarySpill ?? {}, SPILL_OPTIONS, 'primarySpill')
  if (over !== 'wait' && over !== 'fail') {
    throw invalid(`Option "primarySpill.over" must be "wait" or "fail"; received ${describe(over)}`)
  }
  const part = numberOption('primarySpill.share', share, 0.5, { min: 0, max: 1 })
  const max = maxOf(pgOptions)
  return { places: part === 0 ? 0 : Math.max(1, Math.floor(max * part)), over }
}
