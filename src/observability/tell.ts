import type { ReportedEvent } from '../catalog/watcher.ts'
import { asError } from '../errors/as-error.ts'
import type { RouterEvents } from './events.ts'

/** Emits an event. */
export type Tell = <Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]) => void

export function tellOfCatalog(tell: Tell, event: ReportedEvent): void {
  if (event.type === 'catalog-loaded') return tell('catalogLoaded', event)
  tell('catalogFailed', { cause: asError(event.error), retryInMs: event.retryInMs, isLoaded: event.isLoaded })
}
