import { performance } from 'node:perf_hooks'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import type { Platform, Timer } from './platform.ts'

const LONGEST_TIMER_MS = 2 ** 31 - 1

function noop(): void {}

// Tests of an application may replace the global clock and timers. Timeouts of real servers need the real ones.
const now = performance.now.bind(performance)

function schedule(delayMs: number, callback: () => void): Timer {
  const handle = setTimeout(callback, delayMs)
  handle.unref()
  return { cancel: () => clearTimeout(handle) }
}

/** The machine's own clock, timers and randomness. */
export const systemPlatform: Platform = {
  now: () => now(),
  wallNowMs: () => Date.now(),
  cpuMs() {
    const { system, user } = process.cpuUsage()
    return (system + user) / 1000
  },
  random: () => Math.random(),
  schedule,
  scheduleWork: schedule,
  holdOpen() {
    const handle = setInterval(noop, LONGEST_TIMER_MS)
    return () => clearInterval(handle)
  },
}
