import type { PoolClient } from 'pg'
import { callbackOf, promised } from '../client/query-arguments.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import { inThisContext } from '../platform/async-context.ts'

/** What `pool.connect(callback)` calls back. */
export type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error | boolean) => void) => void

/** What `pool.end(callback)` calls back. */
export type Ended = (error?: Error) => void

/** A promise of the class that the pool's option `Promise` asks for. */
function promiseOf<T>(promise: Promise<T>, Class: PromiseConstructor): Promise<T> {
  if (Class === Promise) return promise
  return new Class((resolve, reject) => {
    promise.then(resolve, reject)
  })
}

/** `connect()` as pg.Pool has it: a promise, or nothing where a callback is given. */
export function connectForm(
  taken: Promise<PoolClient>,
  callback: Connected | undefined,
  Class: PromiseConstructor,
): unknown {
  if (typeof callback !== 'function') return promiseOf(taken, Class)
  const bound = guarded(inThisContext(callback))
  taken.then(
    (client) => bound(undefined, client, Reflect.get(client, 'release')),
    (error: Error) => bound(error, undefined, () => {}),
  )
  return undefined
}

/** `end()` as pg.Pool has it. */
export function endForm(
  ended: Promise<void>,
  callback: Ended | undefined,
  Class: PromiseConstructor,
): unknown {
  if (typeof callback !== 'function') return promiseOf(ended, Class)
  const bound = guarded(callback)
  ended.then(() => bound(), bound)
  return undefined
}

/** `query()` as pg.Pool has it: unlike a client it does not look for a callback in the configuration. */
export function queryForm(
  run: (config: unknown, values: unknown, done: Done) => void,
  config: unknown,
  values: unknown,
  callback: unknown,
  Class: PromiseConstructor,
): unknown {
  const given = callbackOf(undefined, values, callback)
  if (given === undefined)
    return promiseOf(
      promised((done) => run(config, values, done)),
      Class,
    )
  run(config, values, guarded(inThisContext(given)))
  return undefined
}
