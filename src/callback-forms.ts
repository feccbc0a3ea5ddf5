import type { PoolClient } from 'pg'
import { callbackOf, promised } from './client/query-arguments.ts'
import type { Done } from './execution/execution.ts'
import { inThisContext } from './platform/async-context.ts'

/** What `pool.connect(callback)` calls back. */
export type Connected = (error?: Error, client?: PoolClient, done?: (error?: Error | boolean) => void) => void

/** What `pool.end(callback)` calls back. */
export type Ended = (error?: Error) => void

/** `connect()` as pg.Pool has it: a promise, or nothing for who gives a callback. */
export function connectForm(taken: Promise<PoolClient>, callback: Connected | undefined): unknown {
  if (typeof callback !== 'function') return taken
  const bound = inThisContext(callback)
  taken.then(
    (client) => bound(undefined, client, Reflect.get(client, 'release')),
    (error: Error) => bound(error, undefined, () => {}),
  )
  return undefined
}

/** `end()` as pg.Pool has it. */
export function endForm(ended: Promise<void>, callback: Ended | undefined): unknown {
  if (typeof callback !== 'function') return ended
  ended.then(() => callback(), callback)
  return undefined
}

/** `query()` as pg.Pool has it: unlike a client it does not look for a callback in the configuration. */
export function queryForm(
  run: (config: unknown, values: unknown, done: Done) => void,
  config: unknown,
  values: unknown,
  callback: unknown,
): unknown {
  const given = callbackOf(undefined, values, callback)
  if (given === undefined) return promised((done) => run(config, values, done))
  run(config, values, inThisContext(given))
  return undefined
}
