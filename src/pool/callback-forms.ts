import type { PoolClient } from 'pg'
import { callbackOf, promisedAnswer } from '../client/query-arguments.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import { inThisContext } from '../platform/async-context.ts'

/** The callback of `pool.connect()`. */
export type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error | boolean) => void) => void

/** The callback of `pool.end()`. */
export type Ended = (error?: Error) => void

/** Runs a query and calls back with its result. */
export type RunQuery = (config: unknown, values: unknown, done: Done) => void

/** The part of the pool that is needed: its option `Promise` names the class of promises. */
interface Promising {
  readonly Promise: PromiseConstructor
}

function promiseOf<T>(pool: Promising, promise: Promise<T>): Promise<T> {
  if (pool.Promise === Promise) return promise
  return new pool.Promise((resolve, reject) => {
    promise.then(resolve, reject)
  })
}

/** Implements `connect()` like pg.Pool: returns a promise, or nothing with a callback. */
export function connectForm(
  pool: Promising,
  taken: Promise<PoolClient>,
  callback: Connected | undefined,
): unknown {
  if (typeof callback !== 'function') return promiseOf(pool, taken)
  const bound = guarded(inThisContext(callback))
  taken.then(
    (client) => bound(undefined, client, Reflect.get(client, 'release')),
    (error: Error) => bound(error, undefined, () => {}),
  )
  return undefined
}

/** Implements `end()` like pg.Pool. */
export function endForm(pool: Promising, ended: Promise<void>, callback: Ended | undefined): unknown {
  if (typeof callback !== 'function') return promiseOf(pool, ended)
  const bound = guarded(callback)
  ended.then(() => bound(), bound)
  return undefined
}

/** The callback for the answer of a query, and the value that `query()` returns. */
interface QueryForm {
  /** Receives the result. */
  readonly done: Done
  /** A promise, or nothing where the caller has given a callback. */
  readonly returned: Promise<unknown> | undefined
}

/** Implements `query()` like pg.Pool: unlike a client's, it does not read a callback from the configuration. */
export function queryForm(pool: Promising, values: unknown, callback: unknown): QueryForm {
  const given = callbackOf(undefined, values, callback)
  if (given !== undefined) return { done: guarded(inThisContext(given)), returned: undefined }
  const { done, promise } = promisedAnswer()
  return { done, returned: promiseOf(pool, promise) }
}
