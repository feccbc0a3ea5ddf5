import { SwitchyardError } from '../errors/error.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'

export interface SpillGateOptions {
  readonly platform: Platform
  /** How many reads that belong to replicas may be on the primary at once. */
  readonly places: number
  /** How long a read waits for a place, in milliseconds; 0 for not at all. */
  readonly waitMs: number
}

interface Waiting {
  readonly enter: (isIn: boolean) => void
  readonly timer: Timer
}

/**
 * Lets a bounded number of reads that belong to replicas onto the primary at once, so that dead replicas cannot take the
 * primary's connections from its writes. Whoever comes over the number waits for a place, in the order of coming.
 */
export class SpillGate {
  readonly #options: SpillGateOptions
  readonly #queue = new Set<Waiting>()
  #inside = 0
  #isHandingOn = false

  constructor(options: SpillGateOptions) {
    this.#options = options
  }

  /** True when there never is a place, and nobody waits for one. */
  get refusesAll(): boolean {
    const { places, waitMs } = this.#options
    return places === 0 && waitMs === 0
  }

  /** Calls back with true when there is a place, which must be given back with `leave()`; with false when there is none. */
  enter(callback: (isIn: boolean) => void): void {
    const { platform, places, waitMs } = this.#options
    if (this.#inside < places && this.#queue.size === 0) {
      this.#inside += 1
      return callback(true)
    }
    if (waitMs === 0) return callback(false)
    const release = platform.holdOpen()
    const waiting: Waiting = {
      enter: (isIn) => {
        release()
        callback(isIn)
      },
      timer: deadline(platform, waitMs, () => {
        this.#queue.delete(waiting)
        waiting.enter(false)
      }),
    }
    this.#queue.add(waiting)
  }

  leave(): void {
    this.#inside -= 1
    // Whoever enters may leave at once, and so on: one after the other, and not one inside of the other.
    if (this.#isHandingOn) return
    this.#isHandingOn = true
    for (const next of this.#queue) {
      if (this.#inside >= this.#options.places) break
      this.#queue.delete(next)
      this.#inside += 1
      next.timer.cancel()
      next.enter(true)
    }
    this.#isHandingOn = false
  }
}

/** No replica can serve the read, and the primary has as many of such reads as it may. */
export function spillError(): SwitchyardError {
  const message =
    'No replica can serve the read, and the primary already runs as many reads in their place as the option "primarySpill" allows'
  return new SwitchyardError('SWITCHYARD_PRIMARY_SPILL', message, { retryable: true })
}
