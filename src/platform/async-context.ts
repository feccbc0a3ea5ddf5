import { AsyncResource } from 'node:async_hooks'

/** No `destroy` hook depends on these resources, so the garbage collector need not report them. */
const RESOURCE_OPTIONS = { requireManualDestroy: true }

/**
 * Makes `fn` run in the async context of this call, wherever it is called later. node-postgres and pg-pool call back in
 * the context of the code that opened or released the connection. Equivalent to `AsyncResource.bind`, which on Node.js
 * 20 takes longer than all other overhead of a query.
 */
export function inThisContext<Args extends unknown[]>(fn: (...args: Args) => void): (...args: Args) => void {
  const resource = thisContext()
  return (...args) => resource.runInAsyncScope(fn, undefined, ...args)
}

/** The async context of this call: functions can be run in it later. */
export function thisContext(): AsyncResource {
  return new AsyncResource('SWITCHYARD_QUERY', RESOURCE_OPTIONS)
}

/** Created when this module is loaded, outside of any request. */
const root = new AsyncResource('SWITCHYARD', RESOURCE_OPTIONS)

/**
 * Runs `fn` outside of the caller's async context, so that the timers and connections that `fn` starts keep neither the
 * context nor its trace.
 */
export function inRootContext<T>(fn: () => T): T {
  return root.runInAsyncScope(fn)
}
