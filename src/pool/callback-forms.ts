import type { PoolClient } from 'pg'
import { callbackOf, promisedAnswer } from '../client/query-arguments.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import { inThisContext } from '../platform/async-context.ts'

/** The callback of `pool.connect()`. */
export type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error | boolean) => void) => void

/** The callback of `pool.end()`. */
export type Ended = (error?: Error) => void

/** Runs a query, and calls back with its result. */
export type RunQuery = (config: unknown, values: unknown, done: Done) => void

/** The pool whose method is called, as far as it is asked for: its option `Promise` names the class of promises. */
interface Promising {
  readonly Promise: PromiseConstructor
}

function promiseOf<T>(pool: Promising, promise: Promise<T>): Promise<T> {
  if (pool.Promise === Promise) return promise
  return new pool.Promise((resolve, reject) => {
    promise.then(resolve, reject)
  })
}

/** `connect()` as pg.Pool has it: a promise, or nothing where a callback is given. */
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

/** `end()` as pg.Pool has it. */
export function endForm(pool: Promising, ended: Promise<void>, callback: Ended | undefined): unknown {
  if (typeof callback !== 'function') return promiseOf(pool, ended)
  const bound = guarded(callback)
  ended.then(() => bound(), bound)
  return undefined
}

/** The callback for the answer of a query, and the value that `query()` returns. */
interface QueryForm {
  /** Takes the answer. */
  readonly done: Done
  /** A promise, or nothing where the caller has given a callback. */
  readonly returned: Promise<unknown> | undefined
}

/** `query()` as pg.Pool has it: unlike a client it does not look for a callback in the configuration. */
export function queryForm(pool: Promising, values: unknown, callback: unknown): QueryForm {
  const given = callbackOf(undefined, values, callback)
  if (given !== undefined) return { done: guarded(inThisContext(given)), returned: undefined }
  const { done, promise } = promisedAnswer()
  return { done, returned: promiseOf(pool, promise) }
}
