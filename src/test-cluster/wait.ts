import { setTimeout as delay } from 'node:timers/promises'

import { SwitchyardError } from '../errors/error.ts'

const POLL_INTERVAL_MS = 10

/** Returns the time of a monotonic clock, in milliseconds. */
export function nowMs(): number {
  return performance.now()
}

/**
 * Polls until `probe` returns something other than undefined.
 *
 * @param what Ends the sentence "timed out after … ms waiting for …".
 * @throws SwitchyardError SWITCHYARD_TEST_CLUSTER when the deadline passes first.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadlineMs = nowMs() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (nowMs() >= deadlineMs) {
      throw new SwitchyardError(
        'SWITCHYARD_TEST_CLUSTER',
        `timed out after ${timeoutMs} ms waiting for ${what}`,
      )
    }
    await delay(POLL_INTERVAL_MS)
  }
}
