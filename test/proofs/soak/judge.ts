import { median, rounded } from '../timings.ts'
import type { Sample } from './sample.ts'
import { laterGrowth, type Point } from './trend.ts'

/** Findings of a soak. */
export interface Found {
  readonly samples: readonly Sample[]
  /** Errors of callers that no fault explains. */
  readonly unexpected: number
  /** Errors that nothing caught. */
  readonly uncaught: number
  /** Calls that had not ended long after the last one began. */
  readonly hanging: number
  /** Connections on each server after the end of the pool, and what kept the process busy then, besides. */
  readonly leftConnections: readonly number[]
  readonly leftResources: readonly string[]
}

/** Growth during the second half of a soak that still counts as flat. */
const FLAT = {
  heapMiB: 2,
  externalMiB: 1,
  rssMiB: 40,
  timers: 2,
  sockets: 4,
  listeners: 0.5,
} as const
type Measure = keyof typeof FLAT
const MEASURES = Object.keys(FLAT) as Measure[]

/** The median of each measure, and its growth during the second half. */
export function trendsOf(samples: readonly Sample[]): Readonly<Record<Measure, object>> {
  return Object.fromEntries(
    MEASURES.map((measure) => [
      measure,
      {
        median: rounded(median(samples.map((sample) => sample[measure])), 2),
        'grew in the second half': rounded(laterGrowth(pointsOf(samples, measure)), 3),
        'may grow': FLAT[measure],
      },
    ]),
  ) as Record<Measure, object>
}

/** Names the measures that grew by more than they may. */
export function growthFound(samples: readonly Sample[]): readonly string[] {
  return MEASURES.flatMap((measure) => {
    const growth = laterGrowth(pointsOf(samples, measure))
    if (growth <= FLAT[measure]) return []
    return [`${measure} grew by ${rounded(growth, 2)}, more than ${FLAT[measure]}`]
  })
}

/**
 * Names what else is not as it must be.
 * @param most Maximum number of connections to one server
 */
export function faultsFound(found: Found, most: number): readonly string[] {
  const { hanging, leftConnections, leftResources, samples, uncaught, unexpected } = found
  const any = (is: (sample: Sample) => boolean): boolean => samples.some(is)
  const claims: readonly (readonly [boolean, string])[] = [
    [samples.length < 2, 'there are too few samples'],
    [unexpected > 0, `${unexpected} errors of callers that no fault explains`],
    [uncaught > 0, `${uncaught} uncaught errors`],
    [hanging > 0, `${hanging} calls did not end`],
    [any(({ connections }) => connections.some((count) => count > most)), `more than ${most} connections`],
    [any(({ inTransaction }) => inTransaction > 0), 'a connection was left in a transaction'],
    [any(({ locks }) => locks > 0), 'a lock was left'],
    [any(({ waiting }) => waiting > 0), 'callers wait while no call is in progress'],
    [leftConnections.some((count) => count > 0), `connections are left: ${leftConnections.join(', ')}`],
    [leftResources.length > 0, `the process is kept open by ${leftResources.join(', ')}`],
  ]
  return claims.flatMap(([isFault, text]) => (isFault ? [text] : []))
}

function pointsOf(samples: readonly Sample[], measure: Measure): readonly Point[] {
  return samples.map((sample) => ({ atHours: sample.atHours, value: sample[measure] }))
}
