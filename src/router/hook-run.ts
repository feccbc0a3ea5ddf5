import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { hasOwnQuery, passesOn } from '../nodes/own-query.ts'
import type { Platform, Timer } from '../platform/platform.ts'

/** Callbacks for a statement of a hook. */
export interface HookStatement {
  /** Returns an error if it must not be sent. `isLate`: the connection was already released. */
  sending(isLate: boolean): Error | undefined
  /** Called when the server has answered it, or the connection was lost. */
  ended(error: Error | undefined): void
}

/** Callbacks of a run of hooks. */
export interface HookRunOptions {
  readonly client: PoolClient
  readonly platform: Platform
  /** Called when a hook calls `client.query()` with these arguments. */
  readonly statement: (args: readonly unknown[]) => HookStatement
  /** Absent when unhandled rejections are left to the application, as with pg.Pool. */
  readonly failed: ((error: Error) => void) | undefined
}

type Query = (...args: readonly unknown[]) => unknown

/** How long a run waits for an async listener without a pending statement, in milliseconds. */
const PATIENCE_MS = 1_000

/** The run whose hook called the current code. */
const running = new AsyncLocalStorage<HookRun>()
/** Wrappers of `query` on the connections on which hooks run. */
const watching = new WeakMap<PoolClient, Query>()
/** Connections whose `query` is being called by a hook: nested calls are part of it. */
const inside = new WeakSet<PoolClient>()

/** One run of hooks on a connection. It sees what they send over it, also after they have awaited something. */
export class HookRun {
  readonly #options: HookRunOptions
  /** Number of pending statements. */
  #pending = 0
  /** Number of async listeners that have not returned. */
  #going = 0
  #isLate = false
  #whenAnswered: (() => void) | undefined
  #patience: Timer | undefined
  #error: Error | undefined

  constructor(options: HookRunOptions) {
    this.#options = options
    watch(options.client)
  }

  get client(): PoolClient {
    return this.#options.client
  }

  /** The error of the first statement that failed. */
  get error(): Error | undefined {
    return this.#error
  }

  /** True while an async listener has not returned. */
  get isGoing(): boolean {
    return this.#going > 0
  }

  /** Runs a function as a hook. */
  run<T>(fn: () => T): T {
    return running.run(this, fn)
  }

  /** Calls each listener of an event. Returns the errors that they threw. */
  emit(emitter: EventEmitter, event: string, args: readonly unknown[]): readonly Error[] {
    const thrown: Error[] = []
    for (const listener of emitter.rawListeners(event)) {
      try {
        const result: unknown = this.run(() => Reflect.apply(listener, emitter, args))
        if (result instanceof Promise) this.#follow(result)
      } catch (error) {
        thrown.push(asError(error))
      }
    }
    return thrown
  }

  /**
   * Calls back once, when the listeners have returned and the server has answered their statements. Waits at most a
   * second for a listener that waits for something else.
   */
  answered(done: () => void): void {
    this.#whenAnswered = done
    this.#look()
  }

  /** Ends the run when the connection is released. Later statements of hooks count as late. */
  over(): void {
    this.#isLate = true
  }

  /** Sends a statement of a hook. */
  send(query: Query, args: readonly unknown[]): unknown {
    const { client, failed } = this.#options
    const statement = this.#options.statement(args)
    const callback = args.at(-1)
    const refusal = statement.sending(this.#isLate)
    if (refusal !== undefined) return this.#refuse(refusal, callback)
    let isSettled = false
    const settle = (thrown: unknown): void => {
      if (isSettled) return
      isSettled = true
      this.#pending -= 1
      const error = thrown ? asError(thrown) : undefined
      this.#error ??= error
      if (error !== undefined) failed?.(error)
      statement.ended(error)
      this.#look()
    }
    this.#pending += 1
    this.#patience?.cancel()
    if (typeof callback === 'function') {
      const heard = (error: unknown, ...rest: readonly unknown[]): void => {
        try {
          Reflect.apply(callback, undefined, [error, ...rest])
        } finally {
          settle(error)
        }
      }
      return Reflect.apply(query, client, [...args.slice(0, -1), heard])
    }
    const result: unknown = Reflect.apply(query, client, args)
    if (!(result instanceof Promise)) {
      // A query object reports to its own listeners.
      settle(undefined)
      return result
    }
    if (failed !== undefined) {
      void Promise.prototype.then.call(result, () => settle(undefined), settle)
      return tended(result, settle)
    }
    return result.then(
      (value: unknown) => {
        settle(undefined)
        return value
      },
      (error: unknown) => {
        settle(error)
        throw error
      },
    )
  }

  #refuse(error: Error, callback: unknown): unknown {
    if (typeof callback === 'function')
      return process.nextTick(() => Reflect.apply(callback, undefined, [error]))
    const refused = new Promise((_resolve, reject) => reject(error))
    return tended(refused, () => {})
  }

  /** Waits for an async listener. A rejection that is left to the application stays unhandled. */
  #follow(result: Promise<unknown>): void {
    const { failed } = this.#options
    const returned = (): void => {
      this.#going -= 1
      this.#look()
    }
    this.#going += 1
    if (failed === undefined) void result.finally(returned)
    else result.catch((error: unknown) => failed(asError(error))).finally(returned)
  }

  #look(): void {
    if (this.#whenAnswered === undefined || this.#pending > 0) return
    this.#patience?.cancel()
    if (this.#going === 0) return this.#finish()
    this.#patience = this.#options.platform.schedule(PATIENCE_MS, () => this.#finish())
  }

  #finish(): void {
    const done = this.#whenAnswered
    this.#whenAnswered = undefined
    done?.()
  }
}

/** Wraps the connection's `query`, unless it is already wrapped, so that each run sees the statements of its hooks. */
function watch(client: PoolClient): void {
  const query = Reflect.get(client, 'query') as Query
  if (watching.get(client) === query) return
  const watched: Query = (...args) => {
    const run = running.getStore()
    if (run?.client !== client || inside.has(client)) return Reflect.apply(query, client, args)
    inside.add(client)
    try {
      return run.send(query, args)
    } finally {
      inside.delete(client)
    }
  }
  if (!hasOwnQuery(client)) passesOn(watched)
  watching.set(client, watched)
  Object.defineProperty(client, 'query', { value: watched, configurable: true, writable: true })
}

const nothing = (): void => {}

/** Makes the rejection of a promise, and of all promises derived from it, count as handled. */
class TendedPromise<T> extends Promise<T> {
  // Every thenable here is a promise.
  // oxlint-disable-next-line unicorn/no-thenable
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const next = super.then(fulfilled, rejected)
    // Calls the prototype's method, to avoid an endless recursion.
    void Promise.prototype.then.call(next, undefined, nothing)
    return next
  }
}

/** Reports the rejection of a promise to `failed`, so that it is not an unhandled rejection. */
function tended<T>(promise: Promise<T>, failed: (error: unknown) => void): Promise<T> {
  const result = new TendedPromise<T>((resolve) => resolve(promise))
  void Promise.prototype.then.call(result, undefined, failed)
  return result
}
