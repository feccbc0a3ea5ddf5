import { SwitchyardError } from '../errors/error.ts'
import { inThisContext } from '../platform/async-context.ts'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'

export interface SpillGateOptions {
  readonly platform: Platform
  /** Maximum number of connections that run reads for replicas on the primary at once. */
  readonly places: number
  /** Number of lanes at the primary. @defaultValue none */
  readonly lanes?: () => number
  /** How long a read waits for a slot, in milliseconds; 0 for no wait. */
  readonly waitMs: number
}

interface Waiting {
  readonly enter: (isIn: boolean) => void
  readonly timer: Timer
}

/**
 * Limits the connections of the primary that run reads for replicas, so that failed replicas cannot exhaust them. A
 * lane counts as one connection, however many reads it carries; every other read needs a slot of its own. One place is
 * always left to those, so that they are not shut out by reads on lanes. Further reads wait for a slot in the order of
 * their arrival.
 */
export class SpillGate {
  readonly #options: SpillGateOptions
  readonly #queue = new Set<Waiting>()
  /** Reads that may run elsewhere, too: told when there is room that no read in the queue takes. */
  readonly #hopeful = new Set<() => void>()
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

  /** Whether reads may share the primary's lanes. */
  get sharesLanes(): boolean {
    return this.#options.places > 1
  }

  /** Whether reads may open another lane at the primary. */
  get opensLanes(): boolean {
    const isWithin = this.#lanes < this.#options.places - 1
    return isWithin && this.#queue.size === 0 && this.#hasRoom
  }

  /** Takes a slot if there is one now, to be released with `leave()`. */
  tryEnter(): boolean {
    if (this.#queue.size > 0 || !this.#hasRoom) return false
    this.#inside += 1
    return true
  }

  /**
   * Requests a slot. Calls back, in the async context of this call, with true when there is one, to be released with
   * `leave()`, or with false.
   */
  enter(callback: (isIn: boolean) => void): void {
    const { platform, waitMs } = this.#options
    if (this.tryEnter()) return callback(true)
    if (waitMs === 0) return callback(false)
    const release = platform.holdOpen()
    const waiting: Waiting = {
      enter: inThisContext((isIn: boolean) => {
        release()
        callback(isIn)
      }),
      timer: deadline(platform, waitMs, () => {
        this.#queue.delete(waiting)
        waiting.enter(false)
      }),
    }
    this.#queue.add(waiting)
  }

  /**
   * Calls back, in the async context of this call, once there is room that no queued read takes. The returned function
   * cancels that.
   */
  whenRoom(callback: () => void): () => void {
    const hopeful = inThisContext(callback)
    this.#hopeful.add(hopeful)
    return () => void this.#hopeful.delete(hopeful)
  }

  leave(): void {
    this.#inside -= 1
    // An admitted caller may leave at once. A loop avoids recursion.
    if (this.#isHandingOn) return
    this.#isHandingOn = true
    for (const next of this.#queue) {
      if (!this.#hasRoom) break
      this.#queue.delete(next)
      this.#inside += 1
      next.timer.cancel()
      next.enter(true)
    }
    // Each may take the room, find another way, or hope again.
    for (let left = this.#hopeful.size; left > 0; left -= 1) {
      const [first] = this.#hopeful
      if (first === undefined || this.#queue.size > 0 || !this.#hasRoom) break
      this.#hopeful.delete(first)
      first()
    }
    this.#isHandingOn = false
  }

  /** Lanes are also opened for reads that asked for the primary, so the first slot does not depend on them. */
  get #hasRoom(): boolean {
    const { places } = this.#options
    return this.#inside < places && (this.#inside === 0 || this.#inside + this.#lanes < places)
  }

  get #lanes(): number {
    return this.#options.lanes?.() ?? 0
  }
}

/** Creates the error for a read that no replica can serve while all slots on the primary are in use. */
export function spillError(): SwitchyardError {
  const message =
    'No replica can serve the read, and the primary already runs as many reads in their place as the option ' +
    '"primarySpill" allows'
  return new SwitchyardError('SWITCHYARD_PRIMARY_SPILL', message, { retryable: true })
}
