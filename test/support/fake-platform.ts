import type { Platform, Timer } from '../../src/platform/platform.ts'

interface Scheduled {
  readonly dueAtMs: number
  readonly callback: () => void
}

/** Time and chance in the hand of a test. Time stands still unless `advance` is called. */
export class FakePlatform implements Platform {
  readonly #timers = new Set<Scheduled>()
  readonly #chances: number[] = []
  #nowMs: number
  #heldOpen = 0

  /** @param nowMs Where the clock begins; not at 0, because no code may rely on that. */
  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs
  }

  /** Timers that have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** How many keep the process alive at the moment. */
  get heldOpen(): number {
    return this.#heldOpen
  }

  now(): number {
    return this.#nowMs
  }

  /** Runs along with the clock, from the year 2026 on. */
  wallNowMs(): number {
    return 1_767_225_600_000 + this.#nowMs
  }

  /** Stands still. */
  cpuMs(): number {
    return 0
  }

  /** What was scripted, in that order, then 0. */
  random(): number {
    return this.#chances.shift() ?? 0
  }

  scriptRandom(...chances: readonly number[]): void {
    this.#chances.push(...chances)
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer = { dueAtMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  scheduleWork(delayMs: number, callback: () => void): Timer {
    return this.schedule(delayMs, callback)
  }

  holdOpen(): () => void {
    let isHeld = true
    this.#heldOpen += 1
    return () => {
      if (isHeld) this.#heldOpen -= 1
      isHeld = false
    }
  }

  /** Lets time pass as for a process whose event loop is blocked: timers that were due meanwhile are late. */
  sleep(ms: number): void {
    this.#nowMs += ms
  }

  /** Lets time pass: timers fire when they are due, and what waits for them runs before the next one. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (let next = this.#nextUntil(untilMs); next !== undefined; next = this.#nextUntil(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueAtMs)
      this.#timers.delete(next)
      next.callback()
      await settle()
    }
    this.#nowMs = untilMs
  }

  #nextUntil(untilMs: number): Scheduled | undefined {
    let next: Scheduled | undefined
    for (const timer of this.#timers) {
      if (timer.dueAtMs <= untilMs && (next === undefined || timer.dueAtMs < next.dueAtMs)) next = timer
    }
    return next
  }
}

/** Resolves when everything that can run without time or the network has run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
