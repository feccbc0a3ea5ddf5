import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'

/** Time without an answer after which the first read counts as stalled, in milliseconds. */
const STALL_MS = 50
/** Additional time before a stall is reported, in case this process was blocked and not the server. */
const SECOND_LOOK_MS = 5
/** Time after which an empty lane counts as idle, in milliseconds. */
export const IDLE_MS = 1000

/** Callbacks of a watch. */
export interface Watched {
  /** Called at each check, first. */
  readonly looked: () => void
  /** Called at each check while the first read is stalled. */
  readonly stalled: () => void
  /** Called at each check of an empty lane. May end the watch. */
  readonly rested: (idleMs: number) => void
}

/** Watches the reads on one connection with a single timer, instead of one for each read. */
export class LaneWatch {
  readonly #platform: Platform
  readonly #watched: Watched
  /** Since when the first read has been waiting. Absent while the lane is empty. */
  #firstSinceMs: number | undefined
  #idleSinceMs: number
  /** Whether the timer is set to the idle interval. */
  #isResting = true
  #timer: Timer | undefined
  #isOver = false

  constructor(platform: Platform, watched: Watched) {
    this.#platform = platform
    this.#watched = watched
    this.#idleSinceMs = platform.now()
    this.#lookIn(IDLE_MS)
  }

  /** Records that another read is now the first. */
  waits(nowMs: number): void {
    this.#firstSinceMs = nowMs
    if (!this.#isResting) return
    this.#timer?.cancel()
    this.#lookIn(STALL_MS)
  }

  /** Records that the lane is empty. */
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
