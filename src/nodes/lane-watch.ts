import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'

/** A read that waits for its answer for so long, while it is the first, is stalled. In milliseconds. */
const STALL_MS = 50
/** How much longer it is watched before that is believed: this process may have slept, and not the server. */
const SECOND_LOOK_MS = 5
/** The time after which a connection with nothing under way has rested for long, in milliseconds. */
export const IDLE_MS = 1000

/** The connection that is watched. */
export interface Watched {
  /** Called now and then, before anything else. */
  readonly looked: () => void
  /** The first read under way has no answer for too long. Called again as long as that is so. */
  readonly stalled: () => void
  /** Nothing has been under way for so long. Called now and then; ends the watch if there is nothing more to watch. */
  readonly rested: (idleMs: number) => void
}

/**
 * Watches over the reads on one connection. While reads come, one timer runs from look to look: none is set for each of them.
 */
export class LaneWatch {
  readonly #platform: Platform
  readonly #watched: Watched
  /** Since when the first read has been waited for. Absent while nothing is under way. */
  #firstSinceMs: number | undefined
  #idleSinceMs: number
  /** The timer waits for longer than reads may. */
  #isResting = true
  #timer: Timer | undefined
  #isOver = false

  constructor(platform: Platform, watched: Watched) {
    this.#platform = platform
    this.#watched = watched
    this.#idleSinceMs = platform.now()
    this.#lookIn(IDLE_MS)
  }

  /** Another read is the first under way from now on. */
  waits(nowMs: number): void {
    this.#firstSinceMs = nowMs
    if (!this.#isResting) return
    this.#timer?.cancel()
    this.#lookIn(STALL_MS)
  }

  /** Nothing is under way from now on. */
  rests(nowMs: number): void {
    this.#firstSinceMs = undefined
    this.#idleSinceMs = nowMs
  }

  end(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  #lookIn(delayMs: number): void {
    if (this.#isOver) return
    this.#isResting = delayMs > STALL_MS
    const look = (): void => this.#look()
    this.#timer = this.#isResting
      ? this.#platform.schedule(delayMs, look)
      : deadline(this.#platform, delayMs, look)
  }

  #look(): void {
    this.#watched.looked()
    const nowMs = this.#platform.now()
    const sinceMs = this.#firstSinceMs
    if (sinceMs === undefined) return this.#lookAtRest(nowMs - this.#idleSinceMs)
    const waitedMs = nowMs - sinceMs
    if (waitedMs < STALL_MS) return this.#lookIn(STALL_MS - waitedMs)
    this.#timer = deadline(this.#platform, SECOND_LOOK_MS, () => {
      if (this.#firstSinceMs === sinceMs) this.#watched.stalled()
      this.#lookIn(STALL_MS)
    })
  }

  #lookAtRest(idleMs: number): void {
    this.#watched.rested(idleMs)
    this.#lookIn(idleMs < STALL_MS ? STALL_MS : Math.max(STALL_MS, IDLE_MS - idleMs))
  }
}
