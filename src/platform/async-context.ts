import { AsyncResource } from 'node:async_hooks'

/** Nothing listens for the end of it, so the garbage collector need not tell. */
const RESOURCE_OPTIONS = { requireManualDestroy: true }

/**
 * Makes `fn` run in the async context of this call, whoever calls it later. node-postgres and pg-pool call back in the
 * context of whoever opened or released the connection. Does what `AsyncResource.bind` does, which takes longer than a
 * whole query's other overhead on Node.js 20.
 */
export function inThisContext<Args extends unknown[]>(fn: (...args: Args) => void): (...args: Args) => void {
  const resource = new AsyncResource('SWITCHYARD_QUERY', RESOURCE_OPTIONS)
  return (...args) => resource.runInAsyncScope(fn, undefined, ...args)
}

/** Made when this module is loaded, which no request does. */
const root = new AsyncResource('SWITCHYARD', RESOURCE_OPTIONS)

/**
 * Runs `fn` outside of the caller's async context, so that neither the context nor a trace that belongs to it lives on in
 * the timers and connections that `fn` begins.
 */
export function inRootContext<T>(fn: () => T): T {
  return root.runInAsyncScope(fn)
}
