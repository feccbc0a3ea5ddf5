import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** Time as the demo's users and its script live it. */
export interface Clock {
  /** Monotonic, in milliseconds. Only differences mean something. */
  now(): number
  /** Resolves after `durationMs`, or at once when everything is over. Never rejects. */
  pause(durationMs: number): Promise<void>
  /** True when everybody is to come to an end. */
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
