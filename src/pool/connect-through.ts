import { AsyncLocalStorage } from 'node:async_hooks'
import type { PoolClient } from 'pg'
import { queryForm, type Connected } from './callback-forms.ts'
import type { Checkouts } from '../client/checkouts.ts'
import { isSubmittable } from '../client/query-arguments.ts'
import { selfOf } from '../client/self.ts'
import { submitThrough } from '../client/submit-through.ts'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'

/** A pool whose `connect()` is the application's own. */
interface Connecting {
  readonly Promise: PromiseConstructor
  connect(callback?: Connected): unknown
}

/**
 * Asks a `connect()` of the application's own for a client, with a callback, as pg-pool does. One that knows no callbacks, and
 * returns a promise of a client, is understood as well: under `pg.Pool` such a query would never end.
 */
export function connectThrough(pool: Connecting, callback: Connected): void {
  let isOver = false
  const connected: Connected = (...answer) => {
    if (isOver) return
    isOver = true
    callback(...answer)
  }
  const returned: unknown = pool.connect(connected)
  if (!(returned instanceof Promise)) return
  returned.then(
    (client: unknown) => {
      // What calls back may return a promise of anything.
      if (isClient(client)) connected(undefined, client, (error) => client.release(error))
    },
    (error: Error) => connected(error, undefined, () => {}),
  )
}

/** The same, as a promise. A `connect()` that declares no parameter is asked for a promise. */
export async function clientThrough(pool: Connecting): Promise<PoolClient> {
  if (pool.connect.length === 0) return pool.connect() as Promise<PoolClient>
  return new Promise((resolve, reject) => {
    connectThrough(pool, (error, client) => {
      if (client === undefined) reject(asError(error))
      else resolve(client)
    })
  })
}

/** Clients of which kind the next `connect()` of a pool hands out. */
interface CheckoutRequest {
  readonly pool: object
  checkouts: Checkouts | undefined
}

/** The request in whose context a `connect()` runs. */
const requests = new AsyncLocalStorage<CheckoutRequest>()

/** Takes a client of a certain kind through the pool's `connect()`, be it the application's own. */
export function takeThrough(pool: Connecting, checkouts: Checkouts): Promise<PoolClient> {
  return requests.run({ pool: selfOf(pool), checkouts }, () => clientThrough(pool))
}

/** The kind of clients that `takeThrough` asks of this call of `connect()`. */
export function requestedCheckouts(pool: object): Checkouts | undefined {
  const request = requests.getStore()
  if (request?.pool !== pool) return undefined
  const { checkouts } = request
  request.checkouts = undefined
  return checkouts
}

/**
 * `query()` as pg.Pool has it, over a client of the pool's `connect()`. A query object's client is given back when the object has come
 * to its end, which pg-pool does not hear of.
 *
 * @param query pg-pool's own method.
 */
export function queryThrough(
  pool: Connecting,
  query: unknown,
  [config, values, callback]: readonly [config: unknown, values: unknown, callback: unknown],
): unknown {
  if (isSubmittable(config)) {
    const run = (_config: unknown, _values: unknown, done: Done): void =>
      submitThrough(() => clientThrough(pool), config, done)
    return queryForm(run, config, values, callback, pool.Promise)
  }
  const connect = (given: Connected): void => connectThrough(pool, given)
  const asking: object = Object.create(pool, { connect: { value: connect } })
  return Reflect.apply(query as () => unknown, asking, [config, values, callback])
}

function isClient(value: unknown): value is PoolClient {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'release') === 'function'
}
