import type { Platform, Timer } from './platform.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

function noop(): void {}

/** The machine's own clock, timers and randomness. */
export const systemPlatform: Platform = {
  now: () => performance.now(),
  wallNowMs: () => Date.now(),
  random: () => Math.random(),
  schedule(delayMs, callback): Timer {
    const handle = setTimeout(callback, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  holdOpen() {
    const handle = setInterval(noop, LONGEST_TIMER_MS)
    return () => clearInterval(handle)
  },
}
