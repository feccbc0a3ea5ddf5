import type { CatalogWatcher } from './catalog/watcher.ts'
import type { Platform } from './platform/platform.ts'
import type { Statement } from './statement/statement.ts'

/**
 * Resolves when the statement may be judged otherwise, because what has just changed in the database is known; or after
 * `waitMs`. `undefined` where there is nothing to wait for.
 */
export function changeKnown(
  { reason }: Statement,
  catalog: CatalogWatcher,
  platform: Platform,
  waitMs: number,
): Promise<void> | undefined {
  if (reason !== 'catalog-pending' || waitMs === 0 || !catalog.isAsking) return undefined
  return new Promise((resolve) => {
    const timer = platform.schedule(waitMs, resolve)
    void catalog.settled().then(() => {
      timer.cancel()
      resolve()
    })
  })
}
