import type { PoolClient, Submittable } from 'pg'
import { isSubmittable, sentConfig, textOf } from '../client/query-arguments.ts'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'
import { passesOn } from '../nodes/own-query.ts'
import { queryForm } from './callback-forms.ts'
import type { BasePool } from './pool-base.ts'

type Method = (...args: unknown[]) => unknown

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
export function followClient(pool: BasePool, client: PoolClient, follower: StatementFollower): void {
  const own = Object.getOwnPropertyDescriptor(client, 'query')
  // A tool may replace the method of the class at any time.
  const send = (args: readonly unknown[]): unknown => {
    const query: unknown = own === undefined ? Reflect.get(Object.getPrototypeOf(client), 'query') : own.value
    return Reflect.apply(query as Method, client, args)
  }
  const query = (...args: unknown[]): unknown => {
    const [config] = args
    if (!follower.isOn) return send(args)
    if (isSubmittable(config)) return submit(config, () => send(args), follower)
    if (typeof config !== 'string' && (typeof config !== 'object' || config === null)) return send(args)
    return run(pool, args, send, follower)
  }
  passesOn(query)
  Object.defineProperty(client, 'query', {
    value: query,
    configurable: true,
    enumerable: false,
    writable: true,
  })
  const giveBack: PoolClient['release'] = Reflect.get(client, 'release')
  client.release = (error) => {
    if (Reflect.get(client, 'query') === query) {
      if (own === undefined) Reflect.deleteProperty(client, 'query')
      else Object.defineProperty(client, 'query', own)
    }
    Reflect.apply(giveBack, client, [error])
  }
}

function run(
  pool: BasePool,
  [config, values, callback]: readonly unknown[],
  send: (args: readonly unknown[]) => unknown,
  follower: StatementFollower,
): unknown {
  // Older versions of node-postgres write the callback into the configuration.
  const sent = typeof config === 'object' && config !== null ? sentConfig(config) : config
  const called: unknown =
    typeof config === 'object' && config !== null ? Reflect.get(config, 'callback') : undefined
  const { done, returned } = queryForm(pool, values, callback ?? called)
  const text: unknown = typeof sent === 'object' && sent !== null ? Reflect.get(sent, 'text') : sent
  follower.run(typeof text === 'string' ? text : undefined, done, (answered) => {
    try {
      send([sent, typeof values === 'function' ? undefined : values, answered])
    } catch (error) {
      answered(asError(error))
    }
  })
  return returned
}

/** Runs a query object: a cursor, a stream, COPY. It ends with its error, or when the server is ready again. */
function submit(submittable: Submittable, send: () => unknown, follower: StatementFollower): unknown {
  let returned: unknown
  follower.run(textOf(submittable), ignore, (answered) => {
    let isOver = false
    const over = (error: Error | undefined): void => {
      if (isOver) return
      isOver = true
      answered(error)
    }
    before(submittable, 'handleError', (error) => over(asError(error)))
    before(submittable, 'handleReadyForQuery', () => over(undefined))
    try {
      returned = send()
    } catch (error) {
      over(asError(error))
      throw error
    }
  })
  return returned
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
