import { deadline } from './deadline.ts'
import type { Platform } from './platform.ts'

/** Resolves with `undefined` after the timeout. Keeps the process alive until then. */
export async function within<T>(
  platform: Platform,
  promise: Promise<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  const release = platform.holdOpen()
  const value = await new Promise<T | undefined>((resolve) => {
    const timer = deadline(platform, timeoutMs, () => resolve(undefined))
    void promise.then((came) => {
      timer.cancel()
      resolve(came)
    })
  })
  release()
  return value
}
