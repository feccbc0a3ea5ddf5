import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { asError } from '../errors/as-error.ts'
import { hasOwnQuery, passesOn } from '../nodes/own-query.ts'
import type { Platform, Timer } from '../platform/platform.ts'

/** A statement that a hook sends. */
export interface HookStatement {
  /** Returns why it must not be sent, if so. `isLate`: the connection was given back already. */
  sending(isLate: boolean): Error | undefined
  /** The server has answered it, or the connection was lost. */
  ended(error: Error | undefined): void
}

/** What a run of hooks reports, and how it treats statements that fail. */
export interface HookRunOptions {
  readonly client: PoolClient
  readonly platform: Platform
  /** A hook calls `client.query()` with these arguments. */
  readonly statement: (args: readonly unknown[]) => HookStatement
  /** Absent where a rejection that nobody handles is the application's own, as with pg.Pool. */
  readonly failed: ((error: Error) => void) | undefined
}

type Query = (...args: readonly unknown[]) => unknown

/** How long a run waits for an async listener that has nothing to ask of the server, in milliseconds. */
const PATIENCE_MS = 1_000

/** The run whose hook the current code belongs to. */
const running = new AsyncLocalStorage<HookRun>()
/** What was put in front of the `query` of a connection on which hooks run. */
const watching = new WeakMap<PoolClient, Query>()
/** Connections whose `query` is being called by a hook: what that calls in turn is part of it. */
const inside = new WeakSet<PoolClient>()

/** One run of hooks on a connection: sees what they send over it, also after they have awaited something. */
export class HookRun {
  readonly #options: HookRunOptions
  /** Statements without an answer. */
  #pending = 0
  /** Async listeners that have not returned. */
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

  /** Calls each listener of an event. Returns what they threw. */
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
   * Calls back once, when the listeners have returned and the server has answered what they sent. A listener that waits for
   * something else is waited for during a second.
   */
  answered(done: () => void): void {
    this.#whenAnswered = done
    this.#look()
  }

  /** The connection is given back: what hooks may still send belongs to nobody's use of it. */
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
      // A query object tells its own listeners.
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

  /** Waits for an async listener. Where its rejection is the application's own, it stays unhandled. */
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

/** Puts a function in front of the connection's `query`, unless it is there already, that shows each run what its hooks send. */
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

/** A promise whose rejection nobody has to handle, nor that of those that follow from it. */
class TendedPromise<T> extends Promise<T> {
  // Every promise has it; what is thenable here is one.
  // oxlint-disable-next-line unicorn/no-thenable
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const next = super.then(fulfilled, rejected)
    // Past this method, which would do the same for what comes of it, and so on.
    void Promise.prototype.then.call(next, undefined, nothing)
    return next
  }
}

/** The same promise, but that its failure is told here, and is nobody's unhandled rejection. */
function tended<T>(promise: Promise<T>, failed: (error: unknown) => void): Promise<T> {
  const result = new TendedPromise<T>((resolve) => resolve(promise))
  void Promise.prototype.then.call(result, undefined, failed)
  return result
}
