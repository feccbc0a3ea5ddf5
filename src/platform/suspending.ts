import type { Platform, Timer } from './platform.ts'

/** The use of a process beyond callers that hold it open. */
export interface Use {
  readonly isInUse: () => boolean
  /** Called when the process is no longer in use. */
  readonly unused: () => void
}

interface Work {
  readonly dueAtMs: number
  readonly callback: () => void
  timer: Timer | undefined
}

/**
 * A platform for processes that may be frozen between two requests. Its work (`scheduleWork`) has timers only while the
 * process is in use: from `wake` until `settle` finds it unused. Work that became due meanwhile runs at the next
 * `wake`.
 */
export class SuspendingPlatform implements Platform {
  readonly now: Platform['now']
  readonly wallNowMs: Platform['wallNowMs']
  readonly cpuMs: Platform['cpuMs']
  readonly random: Platform['random']
  readonly schedule: Platform['schedule']
  readonly #platform: Platform
  readonly #work = new Set<Work>()
  readonly #use: Use
  #held = 0
  #isAwake = false

  constructor(platform: Platform, use: Use) {
    this.#platform = platform
    this.#use = use
    this.now = () => platform.now()
    this.wallNowMs = () => platform.wallNowMs()
    this.cpuMs = () => platform.cpuMs()
    this.random = () => platform.random()
    this.schedule = (delayMs, callback) => platform.schedule(delayMs, callback)
  }

  /** Whether work has timers. */
  get isAwake(): boolean {
    return this.#isAwake
  }

  scheduleWork(delayMs: number, callback: () => void): Timer {
    const work: Work = { dueAtMs: this.now() + delayMs, callback, timer: undefined }
    this.#work.add(work)
    if (this.#isAwake) this.#arm(work)
    return {
      cancel: () => {
        work.timer?.cancel()
        this.#work.delete(work)
      },
    }
  }

  holdOpen(): () => void {
    const release = this.#platform.holdOpen()
    let isHeld = true
    this.#held += 1
    this.wake()
    return () => {
      release()
      if (!isHeld) return
      isHeld = false
      this.#held -= 1
      this.settle()
    }
  }

  /** Gives the work its timers, because the process is in use. */
  wake(): void {
    if (this.#isAwake) return
    this.#isAwake = true
    for (const work of this.#work) this.#arm(work)
  }

  /** Takes the timers away if the process is no longer in use. Returns whether it is not. */
  settle(): boolean {
    if (this.#held > 0 || this.#use.isInUse()) return false
    if (!this.#isAwake) return true
    this.#isAwake = false
    for (const work of this.#work) {
      work.timer?.cancel()
      work.timer = undefined
    }
    this.#use.unused()
    return true
  }

  #arm(work: Work): void {
    const waitMs = Math.max(0, work.dueAtMs - this.now())
    work.timer = this.#platform.schedule(waitMs, () => {
      work.timer = undefined
      // A statement may have ended without a connection.
      if (this.settle()) return
      this.#work.delete(work)
      work.callback()
    })
  }
}
