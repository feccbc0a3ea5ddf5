import type { Platform, Timer } from '../platform/platform.ts'
import type { Floor, FloorState } from './floor.ts'
import type { Position } from './position.ts'

const ASKED: FloorState = { name: 'asked' }
const FAILED: FloorState = { name: 'failed' }

/** Between two questions whose answers nobody waits for, in milliseconds. */
const PAUSE_MS = 50

class SharedFloor implements Floor {
  readonly #awaited: () => void
  #state: FloorState = ASKED
  #settle: (() => void) | undefined
  #settled: Promise<void> | undefined

  /** @param awaited Told when somebody begins to wait for it. */
  constructor(awaited: () => void) {
    this.#awaited = awaited
  }

  get state(): FloorState {
    return this.#state
  }

  get isAwaited(): boolean {
    return this.#settled !== undefined
  }

  settled(): Promise<void> {
    if (this.#state !== ASKED) return Promise.resolve()
    // Most floors are never waited for.
    if (this.#settled === undefined) {
      this.#settled = new Promise((resolve) => (this.#settle = resolve))
      this.#awaited()
    }
    return this.#settled
  }

  becomes(state: FloorState): void {
    this.#state = state
    this.#settle?.()
  }
}

/**
 * Asks the primary for floors: one question is under way and one is next, whoever asks meanwhile shares the next one. That
 * one is asked as soon as somebody waits for it, and otherwise after a pause: who only writes costs the primary next to nothing.
 */
export class FloorKeeper {
  readonly #ask: () => Promise<Position | undefined>
  readonly #platform: Platform
  #isAsking = false
  #isClosed = false
  #restsUntilMs = -Infinity
  #pause: Timer | undefined
  #next: SharedFloor | undefined
  #asked = 0

  /** @param ask asks the primary for its position; may reject */
  constructor(ask: () => Promise<Position | undefined>, platform: Platform) {
    this.#ask = ask
    this.#platform = platform
  }

  /** Questions so far. */
  get asked(): number {
    return this.#asked
  }

  /** A floor for everything that has been committed by now. */
  request(): Floor {
    const floor = (this.#next ??= new SharedFloor(this.#askNow))
    if (this.#pause === undefined) this.#askInTime()
    return floor
  }

  /** Asks no more of itself; who waits is still answered. */
  close(): void {
    this.#isClosed = true
    this.#pause?.cancel()
  }

  readonly #askNow = (): void => {
    if (!this.#isAsking) void this.#askNext()
  }

  #askInTime(): void {
    if (this.#next === undefined || this.#isAsking) return
    const pauseMs = this.#restsUntilMs - this.#platform.now()
    if (pauseMs <= 0 || this.#next.isAwaited) void this.#askNext()
    else if (!this.#isClosed) this.#pause = this.#platform.schedule(pauseMs, this.#askNow)
  }

  async #askNext(): Promise<void> {
    this.#pause?.cancel()
    this.#pause = undefined
    const floor = this.#next
    if (floor === undefined) return
    this.#next = undefined
    this.#isAsking = true
    this.#asked += 1
    const position = await this.#ask().catch(() => undefined)
    this.#isAsking = false
    floor.becomes(position === undefined ? FAILED : { name: 'known', position })
    this.#restsUntilMs = this.#platform.now() + PAUSE_MS
    this.#askInTime()
  }
}
