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

/**
 * The members of node-postgres' client that the routed client overrides or calls. The types of node-postgres have
 * overloads that only callers need.
 */
interface Base extends EventEmitter {
  readonly _types: { readonly getTypeParser: unknown }
  _connect(callback: Connected): void
  query(config: unknown, values?: unknown, callback?: unknown): unknown
  end(callback?: Ended): unknown
  setTypeParser(...args: readonly unknown[]): unknown
  getTransactionStatus(): TransactionStatus
}
type BaseClass = new (config?: string | ClientConfig) => Base

/** The routed `Client` of a copy of node-postgres. */
export type RoutedClientClass = new (config?: string | ClientConfig | Wiring) => Client & Explaining

export interface Explaining {
  /** Explains how this statement would run now. */
  explain(query: unknown): Promise<Explanation>
}

/** Finds the cluster of a configuration, or the configuration for node-postgres when there is only one node. */
export type Join = (config: unknown) => Membership | { readonly unrouted: unknown }

/**
 * Creates the class of routed clients, derived from the `Client` of a copy of node-postgres. It has the same members,
 * but no socket of its own, and routes its statements. With one node it behaves as that `Client`.
 */
export function routedClientClass(ClientOfCopy: typeof Client, join: Join): RoutedClientClass {
  const Parent = ClientOfCopy as unknown as BaseClass

  class RoutedClient extends Parent implements Explaining {
    /** Absent with one node. */
    readonly #core: ClientCore | undefined
    #hasTypes = false
    /** The client's own connection, with one node. */
    readonly #backend: Record<'processID' | 'secretKey', unknown> = { processID: null, secretKey: null }

    /** Unrouted clients that node-postgres creates also count as instances. */
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

    // On the prototype: redefined properties of an object are slow to read.
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

    /** Overrides the method that `connect()` calls, also when tools have wrapped that. */
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

    /**
     * Takes a text or config, values and a callback, or a Submittable, which is returned at once, as in node-postgres.
     */
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
        const end: Done = (error, result) => query.end(done, error, result)
        if (refusal === undefined) core.query({ query, session: core.session(), done: end })
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

    /** Type parsers of this client, on every connection that serves it. */
    override setTypeParser(...args: readonly unknown[]): unknown {
      selfOf(this).#hasTypes = true
      return super.setTypeParser(...args)
    }

    override getTransactionStatus(): TransactionStatus {
      const core = selfOf(this).#core
      return core === undefined ? super.getTransactionStatus() : (core.connection?.status ?? null)
    }

    /** Process id of the connection to the primary if every statement runs there; else `null`. */
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
