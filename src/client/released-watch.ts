import type { PoolClient } from 'pg'
import type { Platform, Timer } from '../platform/platform.ts'
import type { Submission } from './submission.ts'

const CHECK_MS = 250

export interface ReleasedWatchOptions {
  readonly platform: Platform
  /** How long the program may leave its query object alone, in milliseconds. Read at each check. */
  readonly patienceMs: () => number
  /** How much was sent and received, if the running query object waits for the program; else `undefined`. */
  readonly waitsAt: () => number | undefined
  /** Closes the connection. */
  readonly abandon: () => void
}

/**
 * Finds query objects that a program has left open over a released client. It may be a cursor that is not read to its
 * end, or a COPY that is not ended. node-postgres' pool closes such a connection like any idle one. Here the time
 * counts in which neither the program nor the server does anything.
 */
export class ReleasedWatch {
  readonly #options: ReleasedWatchOptions
  #timer: Timer | undefined

  constructor(options: ReleasedWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= this.#check(undefined, 0)
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Time in which the event loop was blocked does not count: the program could do nothing either. */
  #check(before: number | undefined, waitedMs: number): Timer {
    const { abandon, patienceMs, platform, waitsAt } = this.#options
    return platform.schedule(CHECK_MS, () => {
      this.#timer = undefined
      const at = waitsAt()
      const soFarMs = at !== undefined && at === before ? waitedMs + CHECK_MS : 0
      if (soFarMs >= patienceMs() && soFarMs > 0) abandon()
      else this.#timer = this.#check(at, soFarMs)
    })
  }
}

/** Whether a query object goes on only when its program does something: reads, writes or ends it. */
export function waitsForProgram({ run, submittable }: Submission): boolean {
  if (run !== undefined) return run.waitsForProgram
  const { readableFlowing, readableLength, writableEnded } = submittable as Partial<
    NodeJS.ReadableStream & NodeJS.WritableStream
  > &
    Partial<Record<'readableFlowing' | 'readableLength' | 'writableEnded', unknown>>
  return writableEnded === false || (Number(readableLength) > 0 && readableFlowing !== true)
}

/** Number of bytes that a connection has sent and received. */
export function trafficOf({ connection }: PoolClient): number {
  const { bytesRead, bytesWritten } = (connection?.stream ?? {}) as Partial<
    Record<'bytesRead' | 'bytesWritten', number>
  >
  return (bytesRead ?? 0) + (bytesWritten ?? 0)
}
