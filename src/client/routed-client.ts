import type { EventEmitter } from 'node:events'
import type { Client, ClientConfig, TransactionStatus } from 'pg'
import { SwitchyardError } from '../errors/error.ts'
import type { Explanation } from '../observability/explain.ts'
import type { Done } from '../execution/execution.ts'
import { guarded } from '../execution/guarded.ts'
import { inThisContext } from '../platform/async-context.ts'
import type { ClientCore, Ended } from './client-core.ts'
import { ConnectionFacade } from './connection-facade.ts'
import { PooledCore } from './pooled-core.ts'
import { callbackOf, isSubmittable, normalizeQuery, promised, withTypes } from './query-arguments.ts'
import { knowSelf, selfOf } from './self.ts'
import { refuse, StandaloneCore } from './standalone-core.ts'
import { submissionOf, type Submission } from './submission.ts'
import { SUBMIT } from './submit-through.ts'
import { ROUTES_NOTHING } from './words.ts'
import { Wiring, type Membership } from './wiring.ts'

type Connected = (error: Error | null, client?: unknown) => void

/** A class of node-postgres, as far as it is built upon: its own types have overloads that only callers need. */
interface Base extends EventEmitter {
  readonly _types: { readonly getTypeParser: unknown }
  _connect(callback: Connected): void
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
  setTypeParser(...args: readonly unknown[]): unknown
  getTransactionStatus(): TransactionStatus
}
type BaseClass = new (config?: string | ClientConfig) => Base

/** `Client` of a copy of node-postgres, with routing in it. */
export type RoutedClientClass = new (config?: string | ClientConfig | Wiring) => Client & Explaining

export interface Explaining {
  /** What would happen to this statement now. */
  explain(query: unknown): Promise<Explanation>
}

/** Finds the cluster that a configuration means; where there is nothing to route, what node-postgres is to be given. */
export type Join = (config: unknown) => Membership | { readonly unrouted: unknown }

/**
 * Makes the class of routed clients upon the `Client` of a copy of node-postgres: everything that is on that is on this, but
 * there is no socket of its own, and statements go where they belong. Where there is nothing to route it is that `Client`.
 */
export function routedClientClass(ClientOfCopy: typeof Client, join: Join): RoutedClientClass {
  const Parent = ClientOfCopy as unknown as BaseClass

  class RoutedClient extends Parent implements Explaining {
    /** Absent where there is nothing to route. */
    readonly #core: ClientCore | undefined
    #hasTypes = false
    /** Its own, where there is nothing to route. */
    readonly #backend: Record<'processID' | 'secretKey', unknown> = { processID: null, secretKey: null }

    /** Clients that node-postgres makes by itself, where there is nothing to route, are clients too. */
    static override [Symbol.hasInstance](value: unknown): boolean {
      if (this === RoutedClient) return value instanceof ClientOfCopy
      return Function.prototype[Symbol.hasInstance].call(this, value)
    }

    constructor(given?: string | ClientConfig | Wiring) {
      const source = given instanceof Wiring ? given : join(given)
      if ('unrouted' in source) {
        super(source.unrouted as string | ClientConfig)
        knowSelf(this)
        return
      }
      const facade = new ConnectionFacade(() => this.#core?.cut())
      super({ ...source.config, connection: facade } as ClientConfig)
      knowSelf(this)
      const shell = { client: this as unknown as Client, facade }
      this.#core =
        source instanceof Wiring ? new PooledCore(source, shell) : new StandaloneCore(source, shell)
      this.#hasTypes = !(source instanceof Wiring) && source.config.types !== undefined
      Object.assign(this, source instanceof Wiring ? { readyForQuery: true } : {})
    }

    // Not properties of each client: an object whose properties are made anew is slow to read.
    get processID(): unknown {
      return #backend in selfOf(this) ? selfOf(this).#shown('processID') : null
    }

    set processID(value: unknown) {
      const self = selfOf(this)
      if (#backend in self) self.#backend.processID = value
    }

    get secretKey(): unknown {
      return #backend in selfOf(this) ? selfOf(this).#shown('secretKey') : null
    }

    set secretKey(value: unknown) {
      const self = selfOf(this)
      if (#backend in self) self.#backend.secretKey = value
    }

    /** What `connect()` comes to, also where tools have put one of their own around that. */
    override _connect(callback: Connected): void {
      const core = selfOf(this).#core
      if (core === undefined) return super._connect(callback)
      const answer = inThisContext(callback)
      core.connect((error) => {
        Object.assign(this, error === undefined ? { _connected: true } : { _connectionError: true })
        if (error === undefined) answer(null, this)
        else answer(error)
      })
    }

    /** As in node-postgres: text or config, values, callback; or a Submittable, which is returned at once. */
    override query(config: unknown, values?: unknown, callback?: unknown): unknown {
      // A proxy has no private fields.
      const self = #core in this ? this : selfOf(this)
      const core = self.#core
      if (core === undefined) return super.query(config, values, callback)
      if (config === null || config === undefined) {
        throw new TypeError('Client was passed a null or undefined query')
      }
      if (isSubmittable(config)) {
        self[SUBMIT](submissionOf(config, values, callback))
        return config
      }
      const { refusal } = core
      const given = callbackOf(config, values, callback)
      const typed = self.#hasTypes ? withTypes(config, this._types) : config
      const query = normalizeQuery(typed, values).inTier(core.tier)
      const run = (done: Done): void => {
        if (refusal === undefined) core.query({ query, session: core.session(), done })
        else refuse({ done }, refusal)
      }
      if (given === undefined) return promised(run)
      run(guarded(inThisContext(given)))
      return undefined
    }

    [SUBMIT](submission: Submission): void {
      const core = this.#core
      if (core === undefined) return
      const { refusal } = core
      this.#setTypesOf(submission.submittable)
      if (refusal === undefined) core.submit(submission, core.session())
      else refuse(submission, refusal)
    }

    explain(query: unknown): Promise<Explanation> {
      const core = selfOf(this).#core
      if (core === undefined)
        return Promise.reject(new SwitchyardError('SWITCHYARD_SINGLE_NODE', ROUTES_NOTHING))
      const { refusal } = core
      if (refusal !== undefined) return Promise.reject(new Error(refusal))
      return core.explain(normalizeQuery(query, undefined).inTier(core.tier), core.session())
    }

    override end(callback?: Ended): unknown {
      const core = selfOf(this).#core
      if (core === undefined) return super.end(callback)
      Object.assign(this, { _ending: true })
      const end = (done: Ended): void =>
        core.end((error) => {
          Object.assign(this, { _ended: true })
          done(error)
        })
      if (callback) return end(inThisContext(callback))
      return promised((done) => end((error) => done(error)))
    }

    /** Holds for what this client reads, whichever connection serves it. */
    override setTypeParser(...args: readonly unknown[]): unknown {
      selfOf(this).#hasTypes = true
      return super.setTypeParser(...args)
    }

    override getTransactionStatus(): TransactionStatus {
      const core = selfOf(this).#core
      return core === undefined ? super.getTransactionStatus() : (core.connection?.status ?? null)
    }

    /** Of the connection to the primary that every statement runs over; `null` while that is not certain. */
    #shown(name: 'processID' | 'secretKey'): unknown {
      if (this.#core === undefined) return this.#backend[name]
      const client: object | undefined = this.#core.connection?.shown
      return client === undefined ? null : (Reflect.get(client, name) ?? null)
    }

    #setTypesOf(submittable: object): void {
      if (!this.#hasTypes) return
      const result: unknown = Reflect.get(submittable, '_result')
      if (typeof result !== 'object' || result === null || Reflect.get(result, '_types')) return
      Object.assign(result, { _types: this._types })
    }
  }
  Object.defineProperty(RoutedClient, 'name', { value: 'Client' })
  return RoutedClient as unknown as RoutedClientClass
}
