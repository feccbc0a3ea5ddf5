import type { EventEmitter } from 'node:events'
import type { CatalogEvent } from '../catalog/watcher.ts'
import type { RouterEventEmitter, RouterEvents } from './events.ts'

export type Tell = <Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]) => void

/** Tells events. A listener that throws is its own problem: it ends nothing here. */
export function tellerOf(events: RouterEventEmitter): Tell {
  return (name, ...args) => {
    try {
      ;(events as EventEmitter).emit(name, ...args)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

export function tellOfCatalog(tell: Tell, event: CatalogEvent): void {
  if (event.type === 'catalog-loaded') tell('catalogLoaded', event)
  else tell('catalogFailed', { cause: event.error, retryInMs: event.retryInMs, isLoaded: event.isLoaded })
}
