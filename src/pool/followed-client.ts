import type { PoolClient, Submittable } from 'pg'
import { isSubmittable, sentConfig, textOf, textOfQuery } from '../client/query-arguments.ts'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import { hasOwnQuery, passesOn } from '../nodes/own-query.ts'
import { inThisContext } from '../platform/async-context.ts'

type Method = (...args: unknown[]) => unknown
type Send = (args: readonly unknown[]) => unknown

/** Follows the statements of a client. */
export interface StatementFollower {
  /** Whether anybody listens. */
  readonly isOn: boolean
  /** Starts a statement. `start` gets the callback in place of `done`. */
  run(text: string | undefined, done: Done, start: (done: Done) => void): void
}

const ignore = (): void => {}

/**
 * Follows the statements of a client until it is released.
 * @param client Has the `release` of this checkout, which is replaced.
 */
export function followClient(client: PoolClient, follower: StatementFollower): void {
  const own = Object.getOwnPropertyDescriptor(client, 'query')
  if (own?.configurable === false) return
  const ownQuery: unknown = own === undefined ? undefined : Reflect.get(client, 'query')
  let isReleased = false
  // A tool may replace the method of the class at any time.
  const send: Send = (args) => {
    const query: unknown = ownQuery ?? Reflect.get(Object.getPrototypeOf(client), 'query')
    return Reflect.apply(query as Method, client, args)
  }
  const query = (...args: unknown[]): unknown => {
    const [config] = args
    // A function that was set in place of this one may call it in later checkouts, too.
    if (isReleased || !follower.isOn) return send(args)
    if (isSubmittable(config)) return submit(config, () => send(args), follower)
    if (typeof config !== 'string' && (typeof config !== 'object' || config === null)) return send(args)
    return run(args, send, follower)
  }
  if (!hasOwnQuery(client)) passesOn(query)
  Object.defineProperty(client, 'query', {
    value: query,
    configurable: true,
    enumerable: false,
    writable: true,
  })
  const giveBack: PoolClient['release'] = Reflect.get(client, 'release')
  client.release = (error) => {
    isReleased = true
    if (Reflect.get(client, 'query') === query) {
      if (own === undefined) Reflect.deleteProperty(client, 'query')
      else Object.defineProperty(client, 'query', own)
    }
    Reflect.apply(giveBack, client, [error])
  }
}

/** Runs a query with its callback or, as the application's own `query` may take none, with the promise that it returns. */
function run(args: readonly unknown[], send: Send, follower: StatementFollower): unknown {
  const [config, values, callback] = args
  const inConfig: unknown = typeof config === 'object' && config !== null && Reflect.get(config, 'callback')
  const given: unknown = typeof values === 'function' ? values : callback || inConfig
  const text = textOfQuery(config)
  if (typeof given !== 'function') return followed(text, follower, (over) => untilSettled(send(args), over))
  // Older versions of node-postgres write the callback into the configuration.
  const sent = typeof config === 'object' && config !== null ? sentConfig(config) : config
  const start = (over: Done): unknown => {
    // The application's own `query` may look for the callback where it was.
    if (given === values) return send([sent, over])
    return send(given === callback ? [sent, values, over] : [{ ...(sent as object), callback: over }, values])
  }
  return followed(text, follower, start, guarded(inThisContext(given as Done)))
}

/** Runs a query object: a cursor, a stream, COPY. It ends with its error, or when the server is ready again. */
function submit(submittable: Submittable, send: () => unknown, follower: StatementFollower): unknown {
  return followed(textOf(submittable), follower, (over) => {
    before(submittable, 'handleError', (error) => over(asError(error)))
    before(submittable, 'handleReadyForQuery', () => over(undefined))
    return send()
  })
}

/**
 * Follows a statement from `start` to the first call of `over`. Returns what `start` returns.
 * @param done Called with the answer, unless `start` throws.
 */
function followed(
  text: string | undefined,
  follower: StatementFollower,
  start: (over: Done) => unknown,
  done: Done = ignore,
): unknown {
  let returned: unknown
  let hasThrown = false
  const ended: Done = (error, result) => {
    if (!hasThrown) done(error, result)
  }
  follower.run(text, ended, (answered) => {
    let isOver = false
    const over: Done = (error, result) => {
      if (isOver) return
      isOver = true
      answered(error, result)
    }
    try {
      returned = start(over)
    } catch (error) {
      hasThrown = true
      over(asError(error))
      throw error
    }
  })
  return returned
}

/** Returns a promise that follows the given one, so that an error without a handler stays one. */
function untilSettled(returned: unknown, over: Done): unknown {
  if (!isPromise(returned)) {
    over(undefined)
    return returned
  }
  return returned.then(
    (result) => {
      over(undefined, result)
      return result
    },
    (error: unknown) => {
      over(asError(error))
      throw error
    },
  )
}

/** The application may have chosen another class of promises. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}

/** Calls a function before a method of a query object. */
function before(submittable: Submittable, name: string, call: (arg: unknown) => void): void {
  const method: unknown = Reflect.get(submittable, name)
  if (typeof method !== 'function') return
  const value = (...args: unknown[]): unknown => {
    call(args[0])
    return Reflect.apply(method, submittable, args)
  }
  Object.defineProperty(submittable, name, { value, configurable: true, writable: true })
}
