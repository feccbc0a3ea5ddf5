import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { PoolClient } from 'pg'
import { asError } from './errors/as-error.ts'
import { passesOn } from './nodes/own-query.ts'
import { tended } from './execution/tended.ts'

/** What a run of hooks reports, and how it treats statements that fail. */
export interface HookRunOptions {
  readonly client: PoolClient
  /** A hook is about to send these arguments of `client.query()`. */
  readonly sending: (args: readonly unknown[]) => void
  /** Absent where a rejection that nobody handles is the application's own, as with pg.Pool. */
  readonly failed: ((error: Error) => void) | undefined
}

type Query = (...args: readonly unknown[]) => unknown

/** The run whose hook the current code belongs to. */
const running = new AsyncLocalStorage<HookRun>()

/** One run of hooks on a connection: sees what they send over it, also after they have awaited something. */
export class HookRun {
  readonly #options: HookRunOptions
  readonly #before: PropertyDescriptor | undefined
  readonly #watched: Query
  #pending = 0
  #whenAnswered: (() => void) | undefined
  #error: Error | undefined

  constructor(options: HookRunOptions) {
    const { client } = options
    this.#options = options
    this.#before = Object.getOwnPropertyDescriptor(client, 'query')
    const query = Reflect.get(client, 'query') as Query
    let isInside = false
    this.#watched = (...args) => {
      if (isInside || running.getStore() !== this) return Reflect.apply(query, client, args)
      isInside = true
      try {
        options.sending(args)
        return this.#watch(query, args)
      } finally {
        isInside = false
      }
    }
    if (this.#before === undefined) passesOn(this.#watched)
    Object.defineProperty(client, 'query', { value: this.#watched, configurable: true, writable: true })
  }

  /** The error of the first statement that failed. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Runs a function as a hook. */
  run<T>(fn: () => T): T {
    return running.run(this, fn)
  }

  /** Calls each listener of an event. Returns what they threw. */
  emit(emitter: EventEmitter, event: string, args: readonly unknown[]): readonly Error[] {
    const going: Promise<unknown>[] = []
    const thrown: Error[] = []
    for (const listener of emitter.rawListeners(event)) {
      try {
        const result: unknown = this.run(() => Reflect.apply(listener, emitter, args))
        if (result instanceof Promise) going.push(this.#follow(result))
      } catch (error) {
        thrown.push(asError(error))
      }
    }
    if (going.length === 0) this.end()
    else void Promise.allSettled(going).then(() => this.end())
    return thrown
  }

  /** Calls back when the server has answered everything that was sent so far. */
  answered(done: () => void): void {
    if (this.#pending === 0) done()
    else this.#whenAnswered = done
  }

  /** Stops watching. */
  end(): void {
    const { client } = this.#options
    // The application may have put its own in front.
    if (Reflect.get(client, 'query') !== this.#watched) return
    if (this.#before === undefined) Reflect.deleteProperty(client, 'query')
    else Object.defineProperty(client, 'query', this.#before)
  }

  /** The result of an async listener. Where its rejection is the application's own, it stays unhandled. */
  #follow(result: Promise<unknown>): Promise<unknown> {
    const { failed } = this.#options
    if (failed !== undefined) return result.catch((error: unknown) => failed(asError(error)))
    return new Promise((resolve) => {
      void result.finally(() => resolve(undefined))
    })
  }

  #watch(query: Query, args: readonly unknown[]): unknown {
    const { client, failed } = this.#options
    let isSettled = false
    const settle = (thrown: unknown): void => {
      if (isSettled) return
      isSettled = true
      this.#pending -= 1
      if (thrown) this.#error ??= asError(thrown)
      if (thrown) failed?.(asError(thrown))
      if (this.#pending === 0) this.#whenAnswered?.()
    }
    this.#pending += 1
    const callback = args.at(-1)
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
}
