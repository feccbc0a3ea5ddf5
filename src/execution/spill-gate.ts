import { SwitchyardError } from '../errors/error.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'

export interface SpillGateOptions {
  readonly platform: Platform
  /** Maximum number of connections that run reads for replicas on the primary at once. */
  readonly places: number
  /** How long a read waits for a slot, in milliseconds; 0 for no wait. */
  readonly waitMs: number
}

interface Waiting {
  readonly enter: (isIn: boolean) => void
  readonly timer: Timer
}

/**
 * Limits the connections of the primary that run reads for replicas, so that failed replicas cannot exhaust them. A read
 * on a lane needs no slot. Further reads wait for a slot in the order of their arrival.
 */
export class SpillGate {
  readonly #options: SpillGateOptions
  readonly #queue = new Set<Waiting>()
  #inside = 0
  #isHandingOn = false

  constructor(options: SpillGateOptions) {
    this.#options = options
  }

  /** True when there are no slots at all. */
  get refusesAll(): boolean {
    const { places, waitMs } = this.#options
    return places === 0 && waitMs === 0
  }

  /**
   * Requests a slot. Calls back with true when there is one, to be released with `leave()`, or with false.
   * @param mayWait False to get a slot now or not at all.
   */
  enter(callback: (isIn: boolean) => void, mayWait: boolean = true): void {
    const { platform, places, waitMs } = this.#options
    if (this.#inside < places && this.#queue.size === 0) {
      this.#inside += 1
      return callback(true)
    }
    if (waitMs === 0 || !mayWait) return callback(false)
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
    // An admitted caller may leave at once. A loop avoids recursion.
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

/** Creates the error for a read that no replica can serve while all slots on the primary are in use. */
export function spillError(): SwitchyardError {
  const message =
    'No replica can serve the read, and the primary already runs as many reads in their place as the option "primarySpill" allows'
  return new SwitchyardError('SWITCHYARD_PRIMARY_SPILL', message, { retryable: true })
}
