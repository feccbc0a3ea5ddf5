import { performance } from 'node:perf_hooks'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import type { Platform, Timer } from './platform.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

function noop(): void {}

// An application's tests may put false clocks and timers in place of the global ones. Servers know nothing of those: who
// waits for a server waits by the true ones.
const now = performance.now.bind(performance)

/** The machine's own clock, timers and randomness. */
export const systemPlatform: Platform = {
  now: () => now(),
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
