import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** Clock of the demo's users and its script. */
export interface Clock {
  /** Monotonic time, in milliseconds. Only differences are meaningful. */
  now(): number
  /** Resolves after `durationMs`, or at once when the demo is over. Never rejects. */
  pause(durationMs: number): Promise<void>
  /** True when all users have to stop. */
  readonly isOver: boolean
}

/** The machine's clock, until `end` is aborted. */
export function createClock(end: AbortSignal): Clock {
  // Every user waits on this one signal.
  setMaxListeners(0, end)
  return {
    now: () => performance.now(),
    pause: (durationMs) => delay(durationMs, undefined, { signal: end }).catch(() => undefined),
    get isOver() {
      return end.aborted
    },
  }
}
