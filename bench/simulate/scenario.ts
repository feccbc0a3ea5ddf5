import type { Consistency } from '../../src/index.ts'
import type { PolicyName } from './policies.ts'

/** A question about capacity: which load meets which cluster. It means the same to the model and to real servers. */
export interface Scenario {
  readonly policy: PolicyName
  readonly consistency: Consistency
  readonly replicas: number
  /** Callers of reads: each sends its next one when it has the answer to the last. */
  readonly callers: number
  /** Reads that arrive at random times, instead of callers that wait; 0 for none. */
  readonly readsPerSecond: number
  /** Writes that arrive at random times. */
  readonly writesPerSecond: number
  /** Whether reads are of one row by its key, or of the whole table, so that they depend on each write. */
  readonly scope: 'row' | 'table'
  /** Rows of the table, read and written alike. */
  readonly rows: number
  /** Time of one read on a server, in milliseconds. */
  readonly readMs: number
  /** Time of one write on the primary, without its commit, in milliseconds. */
  readonly writeMs: number
  /** Whether these times are exact, or the means of an exponential distribution. */
  readonly times: 'constant' | 'exponential'
  /** Number of statements that a server works on at a time; 0 for any number. */
  readonly cores: number
  /** Connections to each server: the option `max`. */
  readonly max: number
  /** The option `primarySpill.share`. */
  readonly spillShare: number
  /** Time from a commit to its replay, in milliseconds, as by `recovery_min_apply_delay`. */
  readonly lagMs: number
  /** Number of replicas that differ from the others: the first ones. */
  readonly unequal: number
  /** How many times as long a statement takes on these. */
  readonly slower: number
  /** Additional time that each message to or from these takes, in milliseconds. */
  readonly fartherMs: number
  /** Duration of the measurement, and of the load in front of it, in seconds. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly seed: number
}

/** Times of the environment, in milliseconds. A comparison measures them on the real cluster. */
export interface Environment {
  /** Time of one message between the process and a server. */
  readonly networkMs: number
  /** From the end of a write to its acknowledgment. */
  readonly commitMs: number
  /** Work of a replica for each commit; one after the other, on one of its cores. */
  readonly replayMs: number
  /** Work of the process for each statement. It has one thread. */
  readonly processMs: number
}

export interface Figures {
  /** Reads answered per second. */
  readonly perSecond: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly writesPerSecond: number
  readonly writeP50Ms: number
  /** Share of the reads of each server, the primary first. */
  readonly shares: readonly number[]
  /** Share of the reads that replicas answered. */
  readonly offload: number
  readonly errors: number
}

export const DEFAULT_SCENARIO: Scenario = {
  policy: 'peak-ewma',
  consistency: 'causal',
  replicas: 3,
  callers: 100,
  readsPerSecond: 0,
  writesPerSecond: 0,
  scope: 'row',
  rows: 1000,
  readMs: 10,
  writeMs: 2,
  times: 'exponential',
  cores: 4,
  max: 10,
  spillShare: 0.5,
  lagMs: 0,
  unequal: 0,
  slower: 1,
  fartherMs: 0,
  seconds: 10,
  warmUpSeconds: 2,
  seed: 1,
}

export const DEFAULT_ENVIRONMENT: Environment = {
  networkMs: 0.25,
  commitMs: 0.5,
  replayMs: 0.2,
  processMs: 0.1,
}

/** The limits of a closed loop of reads, whatever routes them: reads per second. */
export function bounds(scenario: Scenario, { networkMs, processMs }: Environment): Record<string, number> {
  const { callers, cores, max, readMs, replicas, slower, unequal } = scenario
  const perServer = (ms: number): number =>
    Math.min(cores === 0 ? Infinity : cores / ms, max / (ms + 2 * networkMs)) * 1000
  return {
    callers: (callers * 1000) / (readMs + 2 * networkMs + processMs),
    replicas: (replicas - unequal) * perServer(readMs) + unequal * perServer(readMs * slower),
    process: 1000 / processMs,
  }
}
