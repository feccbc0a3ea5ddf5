import { clearImmediate, setImmediate } from 'node:timers'
import type { Platform, Timer } from './platform.ts'

/** Number of parts of a deadline, to detect the parts in which the event loop was blocked. */
const PARTS = 4
/** Minimum length of a part, in milliseconds. */
const SHORTEST_PART_MS = 50
/** Delay of a timer beyond which the event loop counts as blocked, in milliseconds. */
const LATE_MS = 15

/**
 * Calls `passed` once after `delayMs` in which this process could have received an answer. While the event loop is
 * blocked, nothing is read or sent, so a part of the time that ends late is repeated. At the end the event loop turns
 * once more, so that an answer which has already arrived is handled first.
 *
 * Use this instead of `platform.schedule` for every timeout of a server.
 */
export function deadline(platform: Platform, delayMs: number, passed: () => void): Timer {
  const partMs = Math.max(SHORTEST_PART_MS, delayMs / PARTS)
  let leftMs = delayMs
  // Bounds the repetitions, for a process that is always late.
  let repeats = PARTS
  let immediate: NodeJS.Immediate | undefined
  let timer: Timer

  const wait = (): void => {
    const ms = Math.min(leftMs, partMs)
    const dueAtMs = platform.now() + ms
    timer = platform.schedule(ms, () => {
      const isLate = platform.now() - dueAtMs > LATE_MS
      if (isLate && repeats > 0) repeats -= 1
      else leftMs -= ms
      if (leftMs > 0) wait()
      else immediate = setImmediate(passed)
    })
  }
  wait()
  return {
    cancel: () => {
      timer.cancel()
      clearImmediate(immediate)
    },
  }
}
