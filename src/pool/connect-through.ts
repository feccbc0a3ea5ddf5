import { AsyncLocalStorage } from 'node:async_hooks'
import type { PoolClient } from 'pg'
import { queryForm, type Connected } from './callback-forms.ts'
import type { Checkouts } from '../client/checkouts.ts'
import { isSubmittable } from '../client/query-arguments.ts'
import { submitThrough } from '../client/submit-through.ts'
import { asError } from '../errors/as-error.ts'
import { callParent, CORE, hasOwnConnect, type BaseCore, type BasePool } from './pool-base.ts'

/** A pool whose `connect()` may be overridden by the application. */
interface Connecting {
  connect(callback?: Connected): unknown
}

/**
 * Takes a client through a `connect()` of the application's own, with a callback, as pg-pool does. A `connect()` that
 * ignores the callback and returns a promise works as well: under `pg.Pool` such a query would never end.
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
      // A `connect()` that calls back may return a promise of something else.
      if (isClient(client)) connected(undefined, client, (error) => client.release(error))
    },
    (error: Error) => connected(error, undefined, () => {}),
  )
}

/** Takes a client as a promise. A `connect()` that declares no parameter is called without a callback. */
export async function clientThrough(pool: Connecting): Promise<PoolClient> {
  if (pool.connect.length === 0) return pool.connect() as Promise<PoolClient>
  return new Promise((resolve, reject) => {
    connectThrough(pool, (error, client) => {
      if (client === undefined) reject(asError(error))
      else resolve(client)
    })
  })
}

/** Source of the clients for the next `connect()` of a pool. */
interface CheckoutRequest {
  readonly core: BaseCore
  checkouts: Checkouts | undefined
}

/** The request for which a `connect()` runs. */
const requests = new AsyncLocalStorage<CheckoutRequest>()

/** Takes one of these clients through the pool's `connect()`, which may be the application's own. */
export function takeThrough(pool: BasePool, checkouts: Checkouts): Promise<PoolClient> {
  return requests.run({ core: pool[CORE], checkouts }, () => clientThrough(pool))
}

/** Returns the source of clients that `takeThrough` wants from this call of `connect()`. */
export function requestedCheckouts(core: BaseCore): Checkouts | undefined {
  const request = requests.getStore()
  if (request?.core !== core) return undefined
  const { checkouts } = request
  request.checkouts = undefined
  return checkouts
}

/**
 * `query()` as pg.Pool has it, over a client of the pool's `connect()`. The client of a query object is released at the
 * object's end, which pg-pool does not notice.
 */
export function queryThrough(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
  if (isSubmittable(config)) {
    const { done, returned } = queryForm(pool, values, callback)
    submitThrough(() => clientThrough(pool), config, done)
    return returned
  }
  const connect = (given: Connected): void => connectThrough(pool, given)
  const asking = Object.create(pool, { connect: { value: connect } }) as BasePool
  return callParent(asking, 'query', [config, values, callback])
}

/**
 * False when `query()` has to use clients of `connect()`: the application has overridden it and may prepare clients
 * there. Or when the query is a function, which pg-pool rejects in its own way.
 */
export function runsItself(pool: BasePool, config: unknown): boolean {
  return hasOwnConnect(pool) && typeof config !== 'function'
}

function isClient(value: unknown): value is PoolClient {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'release') === 'function'
}
