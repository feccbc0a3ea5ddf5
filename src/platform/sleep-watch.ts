import { inRootContext } from './async-context.ts'
import type { Platform, Timer } from './platform.ts'

/** Time between two beats, in milliseconds. */
const BEAT_MS = 500
/**
 * Share of such a time that the process has computed, besides a beat's time before it, from which its own work has
 * blocked it. A busy machine gives a process a part of its time only, a frozen process gets none.
 */
const BUSY_SHARE = 0.1
/** Time without any sign of this process after which it counts as having slept, in milliseconds. */
export const ASLEEP_AFTER_MS = 2_000

/**
 * Notices that the process has not run for a while: it was frozen, its machine was suspended, or its event loop was
 * blocked. Servers and the network may have dropped its connections meanwhile, and it may not know that yet.
 *
 * While it is active, a timer beats. Otherwise only calls of `note` tell that the process runs, so a time without use
 * looks like sleep.
 */
export class SleepWatch {
  readonly #platform: Platform
  readonly #onWake: (sleptMs: number, wasBusy: boolean) => void
  #awakeAtMs: number
  #wallAtMs: number
  /** CPU time at the last beat. */
  #cpuAtMs: number
  #sleeps = 0
  #timer: Timer | undefined

  /**
   * @param onWake Called in the first call of `note` after a sleep. Receives its length, and whether the process was
   * blocked by its own work: then the kernel has kept its connections meanwhile.
   */
  constructor(platform: Platform, onWake: (sleptMs: number, wasBusy: boolean) => void = () => {}) {
    this.#platform = platform
    this.#onWake = onWake
    this.#awakeAtMs = platform.now()
    this.#wallAtMs = platform.wallNowMs()
    this.#cpuAtMs = platform.cpuMs()
  }

  /** Number of sleeps so far, one that has just ended included. */
  get sleeps(): number {
    this.note()
    return this.#sleeps
  }

  /** Notes that the process runs. */
  note(): void {
    const wallMs = this.#platform.wallNowMs()
    const goneMs = wallMs - this.#wallAtMs
    // The monotonic clock is for a wall clock that was set, and not read for each statement.
    if (this.#timer === undefined || goneMs < 0 || goneMs >= ASLEEP_AFTER_MS) return this.#compare(wallMs)
    this.#wallAtMs = wallMs
    this.#awakeAtMs += goneMs
  }

  /** Starts the beat. Has no effect while it is active. */
  start(): void {
    this.#timer ??= inRootContext(() => this.#platform.scheduleWork(BEAT_MS, () => this.#beat()))
  }

  /** Ends the beat. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #beat(): void {
    this.#timer = undefined
    this.start()
    this.#compare(this.#platform.wallNowMs())
  }

  #compare(wallMs: number): void {
    const nowMs = this.#platform.now()
    // The monotonic clock may stand still while the machine is suspended.
    const sleptMs = Math.max(nowMs - this.#awakeAtMs, wallMs - this.#wallAtMs)
    const cpuMs = this.#platform.cpuMs()
    const wasBusy = cpuMs - this.#cpuAtMs >= BEAT_MS + BUSY_SHARE * sleptMs
    this.#cpuAtMs = cpuMs
    this.#awakeAtMs = nowMs
    this.#wallAtMs = wallMs
    if (sleptMs < ASLEEP_AFTER_MS) return
    this.#sleeps += 1
    this.#onWake(sleptMs, wasBusy)
  }
}
