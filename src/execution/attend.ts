import type { Submittable } from 'pg'
import { inThisContext } from '../platform/async-context.ts'

/** The methods through which node-postgres passes the server's messages to a query object. */
export const STREAM_HANDLERS: readonly string[] = [
  'handleRowDescription',
  'handleDataRow',
  'handlePortalSuspended',
  'handleEmptyQuery',
  'handleCommandComplete',
  'handleCopyInResponse',
  'handleCopyData',
  'handleReadyForQuery',
  'handleError',
]

export interface Attendance {
  /** Called right before each message to the query object. */
  readonly hears: () => void
  /** Called right before its end, or before its error, with the error. */
  readonly ending: (error: unknown) => void
  /** Returns true when the query object must not receive any more messages. */
  readonly isDeaf: () => boolean
}

/** Makes a query object (COPY, `pg.Query`) receive messages in the async context of this call. */
export function attend(submittable: Submittable, { hears, ending, isDeaf }: Attendance): void {
  for (const name of STREAM_HANDLERS) {
    const handler: unknown = Reflect.get(submittable, name)
    if (typeof handler !== 'function') continue
    const ends = name === 'handleReadyForQuery' || name === 'handleError'
    const inContext = inThisContext((...args: unknown[]) => {
      hears()
      if (ends) ending(name === 'handleError' ? args[0] : undefined)
      if (!isDeaf()) handler.apply(submittable, args)
    })
    Object.defineProperty(submittable, name, { value: inContext, configurable: true, writable: true })
  }
}

/** Fails a query object that will never run. */
export function fail(submittable: Submittable, error: Error | undefined): void {
  const handler: unknown = Reflect.get(submittable, 'handleError')
  if (typeof handler === 'function') handler.call(submittable, error, {})
}
