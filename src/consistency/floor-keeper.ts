import type { Platform, Timer } from '../platform/platform.ts'
import type { Floor, FloorState } from './floor.ts'
import type { Position } from './position.ts'

const ASKED: FloorState = { name: 'asked' }
const FAILED: FloorState = { name: 'failed' }

/** Minimum time between two requests that no caller waits for, in milliseconds. */
const PAUSE_MS = 200

class SharedFloor implements Floor {
  readonly #awaited: () => void
  #state: FloorState = ASKED
  #settle: (() => void) | undefined
  #settled: Promise<void> | undefined

  /** @param awaited Called when the first caller waits for the floor. */
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
    // The promise is created lazily: most floors have no waiting callers.
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
 * Requests floors from the primary. One request runs at a time, and all callers in the meantime share the next one. It
 * is sent at once if a caller waits for it, and otherwise after a pause. So sessions that only write cost the primary
 * little.
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

  /** @param ask reads the primary's position; may reject */
  constructor(ask: () => Promise<Position | undefined>, platform: Platform) {
    this.#ask = ask
    this.#platform = platform
  }

  /** Number of requests so far. */
  get asked(): number {
    return this.#asked
  }

  /** Requests a floor for everything committed before the call. */
  request(): Floor {
    const floor = (this.#next ??= new SharedFloor(this.#askNow))
    if (this.#pause === undefined) this.#askInTime()
    return floor
  }

  /** Stops requests that no caller waits for. */
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
    else if (!this.#isClosed) this.#pause = this.#platform.scheduleWork(pauseMs, this.#askNow)
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
