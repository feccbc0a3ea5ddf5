import type { Platform } from '../platform/platform.ts'

const FIRST_MS = 20
const LONGEST_MS = 500

/**
 * Calls back before retry number `round`: at once before the first one, then with exponential backoff. Jitter over the
 * second half of the delay spreads the retries of callers who failed together.
 */
export function beforeRound(round: number, platform: Platform, callback: () => void): void {
  if (round <= 1) return callback()
  const delayMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (round - 2)) * (1 - platform.random() / 2)
  const release = platform.holdOpen()
  platform.schedule(delayMs, () => {
    release()
    callback()
  })
}
