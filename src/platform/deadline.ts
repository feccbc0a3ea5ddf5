import { clearImmediate, setImmediate } from 'node:timers'
import type { Platform, Timer } from './platform.ts'

/** Parts in which a deadline is waited for, so that it shows in which of them the event loop was blocked. */
const PARTS = 4
/** The shortest part, in milliseconds. */
const SHORTEST_PART_MS = 50
/** A timer that comes later than this tells of a blocked event loop, in milliseconds. */
const LATE_MS = 15

/**
 * Calls `passed` once when `delayMs` have passed in which this process could have heard an answer. While the event loop is
 * blocked nothing is read and nothing is sent, so a part of the time whose end comes late is waited for once more. In the
 * end the loop turns once: an answer that is there already, or comes in at the same moment, comes first.
 *
 * Everything that judges a server, or gives up waiting for one, waits by this and not by `platform.schedule`.
 */
export function deadline(platform: Platform, delayMs: number, passed: () => void): Timer {
  const partMs = Math.max(SHORTEST_PART_MS, delayMs / PARTS)
  let leftMs = delayMs
  // A process that is always late is not to wait for ever.
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
