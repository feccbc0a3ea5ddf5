import type { EventEmitter } from 'node:events'
import type { ReportedEvent } from '../catalog/watcher.ts'
import type { RouterEventEmitter, RouterEvents } from './events.ts'

export type Tell = <Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]) => void

/** Returns a function that emits events. An exception of a listener is thrown outside, as an uncaught exception. */
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

export function tellOfCatalog(tell: Tell, event: ReportedEvent): void {
  if (event.type === 'catalog-loaded') tell('catalogLoaded', event)
  else tell('catalogFailed', { cause: event.error, retryInMs: event.retryInMs, isLoaded: event.isLoaded })
}
