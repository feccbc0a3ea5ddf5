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

/**
 * Makes a query object (COPY, `pg.Query`) hear the server in the async context of this call, and calls `ending`
 * right before it hears that it has ended or failed, and then with the error.
 *
 * @param isDeaf True when nobody listens to it any more: it then hears nothing.
 */
export function attend(
  submittable: Submittable,
  ending: (error: unknown) => void,
  isDeaf: () => boolean = () => false,
): void {
  for (const name of STREAM_HANDLERS) {
    const handler: unknown = Reflect.get(submittable, name)
    if (typeof handler !== 'function') continue
    const ends = name === 'handleReadyForQuery' || name === 'handleError'
    const inContext = inThisContext((...args: unknown[]) => {
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
