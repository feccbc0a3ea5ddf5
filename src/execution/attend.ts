import type { Submittable } from 'pg'
import { inThisContext } from '../platform/async-context.ts'

/** The methods by which node-postgres tells a query object what the server answers. */
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
  /** Called each time, right before the query object hears anything. */
  readonly hears: () => void
  /** Called right before it hears that it has ended or failed, and then with the error. */
  readonly ending: (error: unknown) => void
  /** True when nobody listens to it any more: it then hears nothing. */
  readonly isDeaf: () => boolean
}

/** Makes a query object (COPY, `pg.Query`) hear the server in the async context of this call. */
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

/** Tells a query object that it will never run. */
export function fail(submittable: Submittable, error: Error | undefined): void {
  const handler: unknown = Reflect.get(submittable, 'handleError')
  if (typeof handler === 'function') handler.call(submittable, error, {})
}
