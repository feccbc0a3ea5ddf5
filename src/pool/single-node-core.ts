import type { PoolClient, QueryConfig } from 'pg'
import { LeakWatch } from '../client/leak-watch.ts'
import { isSubmittable, normalizeQuery, textOfQuery, tierOf } from '../client/query-arguments.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { noSuchTier } from '../config/tiers.ts'
import { asError } from '../errors/as-error.ts'
import { SwitchyardError } from '../errors/error.ts'
import type { Done } from '../execution/execution.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import type { Explanation } from '../observability/explain.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { WaitingStatement } from '../observability/tracer.ts'
import { logEvents } from '../observability/logger.ts'
import { EventStream } from '../observability/event-stream.ts'
import { poolName } from '../router/pool-name.ts'
import { systemPlatform } from '../platform/system.ts'
import type { Router } from '../router/compose-router.ts'
import { SessionKeeper, type SessionCluster } from '../router/session-keeper.ts'
import { checkSessionOptions, type SessionOptions } from '../router/session-options.ts'
import type { RouteRequest } from '../routing/decide.ts'
import { endForm, queryForm, type Connected, type Ended } from './callback-forms.ts'
import { clientThrough, runsItself } from './connect-through.ts'
import { followClient } from './followed-client.ts'
import { refusalOf } from './lifetime.ts'
import { withPassword } from './live-options.ts'
import {
  callParent,
  countOfParent,
  type BasePool,
  type Count,
  type PgPool,
  type PoolBaseClass,
} from './pool-base.ts'
import type { PoolCore } from './pool-core.ts'
import { primaryView } from './primary-view.ts'
import { Session } from './session.ts'
import { SingleNodeOverlays } from './single-node-overlays.ts'
import { SingleNodeTraces } from './single-node-traces.ts'

/** Classifies statements for `explain()`. */
type Explainer = Pick<Router, 'decider' | 'end'>

export interface SingleNodeCoreOptions {
  readonly pool: BasePool
  readonly resolved: ResolvedOptions
  readonly Base: PoolBaseClass
  /** Called when `explain()` is first called. */
  readonly explainer: () => Explainer
}

/** A cluster that is not watched: with one node, reads show all that was committed. */
const UNWATCHED: SessionCluster = {
  snapshot: { nodes: [] },
  primary: () => undefined,
  follow: () => {},
  questions: {
    mayBeUnflushed: false,
    floor: () => Promise.resolve(undefined),
    heard: () => undefined,
    unshown: () => Promise.resolve(undefined),
  },
}

/**
 * The inside of a pool of one node: pg.Pool does the work. Until `explain()` is first called there is no router, no
 * parser and no connection besides those of pg.Pool.
 */
export class SingleNodeCore implements PoolCore {
  readonly events: RouterEventEmitter
  readonly #options: SingleNodeCoreOptions
  readonly #sessions: SessionKeeper
  readonly #leaks: LeakWatch | undefined
  readonly #traces: SingleNodeTraces
  readonly #overlays: SingleNodeOverlays
  #explainer: Explainer | undefined
  #primary: PgPool | undefined
  /** True while pg.Pool takes a client for `query()`. */
  #isQuerying = false

  constructor(options: SingleNodeCoreOptions) {
    const { pool, resolved } = options
    const { leakWarningMs, logger } = resolved
    this.#options = options
    const stream = new EventStream(poolName(resolved))
    const { events, tell } = stream
    this.events = events
    this.#traces = new SingleNodeTraces(pool, stream, resolved)
    this.#overlays = new SingleNodeOverlays((callback, start) => this.#traces.lease(callback, start))
    if (logger !== undefined) logEvents(this.events, logger)
    this.#sessions = new SessionKeeper({
      resolved,
      platform: systemPlatform,
      cluster: () => UNWATCHED,
      tokenRejected: (reason) => tell('tokenRejected', { reason }),
      positionAsked: (asked) => tell('positionAsked', asked),
    })
    if (leakWarningMs === undefined) return
    const leaks = new LeakWatch(systemPlatform, leakWarningMs, (leak) => tell('clientLeaked', leak))
    pool.on('release', (_error, client: PoolClient) => leaks.back(client))
    this.#leaks = leaks
  }

  count(pool: BasePool, name: Count): number {
    return countOfParent(pool, name)
  }

  connect(pool: BasePool, callback: Connected | undefined): unknown {
    const leaks = this.#leaks
    // pg.Pool gives back the client of `query()` itself.
    if (leaks === undefined || this.#isQuerying) return this.#take(pool, callback)
    const stack = leaks.here()
    if (typeof callback !== 'function') {
      return (this.#take(pool, undefined) as Promise<PoolClient>).then((client) => {
        leaks.out(client, stack)
        return client
      })
    }
    const connected: Connected = (error, client, done) => {
      if (client !== undefined) leaks.out(client, stack)
      callback(error, client, done)
    }
    return this.#take(pool, connected)
  }

  query(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
    const overlay = this.#sessions.context.overlayOf()
    const isPlain = overlay === undefined && !this.#traces.isOn
    if (isPlain || !runsItself(pool, config) || isSubmittable(config))
      return this.#queryParent(pool, config, values, callback)
    const { done, returned } = queryForm(pool, values, callback)
    const given = typeof values === 'function' ? undefined : values
    const start = (answered: Done): void => {
      try {
        if (overlay === undefined) this.#queryParent(pool, config, given, answered)
        else this.#overlays.query(pool, overlay, config, values, answered)
      } catch (error) {
        answered(asError(error))
      }
    }
    if (this.#traces.isOn) this.#traces.runOverLease(textOfQuery(config), done, start)
    else start(done)
    return returned
  }

  #queryParent(pool: BasePool, config: unknown, values: unknown, callback: unknown): unknown {
    this.#isQuerying = true
    try {
      return callParent(pool, 'query', [config, values, callback])
    } finally {
      this.#isQuerying = false
    }
  }

  end(pool: BasePool, callback: Ended | undefined): unknown {
    this.#sessions.close()
    const ended = Promise.all([callParent(pool, 'end', []), this.#explainer?.end()])
    return endForm(
      pool,
      ended.then(() => this.#sessions.context.close()),
      callback,
    )
  }

  session(options: SessionOptions): Session {
    if (options.tier !== undefined) throw noSuchTier(options.tier, [])
    const state = this.#sessions.begin(checkSessionOptions(options))
    const { context } = this.#sessions
    if (context.overlayOf(state) !== undefined)
      this.#overlays.use(this.#options.pool, (fn) => context.outside(fn))
    return new Session(this.#sessions, state)
  }

  primary(pool: BasePool): PgPool {
    this.#primary ??= primaryView(this.#options.Base, {
      options: withPassword(this.#options.pool.options),
      count: (name) => this.#options.pool[name],
      take: () => clientThrough(pool),
    })
    return this.#primary
  }

  tier(_pool: BasePool, name: string): never {
    throw noSuchTier(tierOf(name), [])
  }

  async explain(query: string | (QueryConfig & RouteRequest)): Promise<Explanation> {
    this.#explainer ??= this.#openExplainer()
    return this.#explainer.decider.explain(normalizeQuery(query, undefined), this.#sessions.context.current())
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  stats(): PoolStats {
    const { traffic } = this.#traces
    return {
      nodes: [],
      catalog: 'builtin',
      reads: 0,
      offload: 0,
      ...(traffic === undefined ? {} : { traffic }),
    }
  }

  waiting(): readonly WaitingStatement[] {
    return this.#traces.waiting()
  }

  setNodes(): never {
    const message = 'This pool was made with one node and without "discovery", so it stays on that node'
    throw new SwitchyardError('SWITCHYARD_SINGLE_NODE', message)
  }

  /** Takes a client, under the settings of the calling code's session. */
  #take(pool: BasePool, callback: Connected | undefined): unknown {
    if (typeof callback === 'function') return this.#takeFollowed(pool, callback)
    const taken = new pool.Promise<PoolClient>((resolve, reject) => {
      this.#takeFollowed(pool, (error, client) =>
        client === undefined ? reject(asError(error)) : resolve(client),
      )
    })
    return taken.catch((error: Error) => {
      // As in pg-pool: the stack leads to the caller.
      Error.captureStackTrace(error)
      throw error
    })
  }

  #takeFollowed(pool: BasePool, callback: Connected): void {
    const overlay = this.#sessions.context.overlayOf()
    const traces = this.#traces
    // The client of a statement that is followed sends that one only.
    if (!traces.isOn || traces.isLeasing) return this.#overlays.connect(pool, overlay, callback)
    this.#overlays.connect(pool, overlay, (error, client, release) => {
      if (client === undefined) return callback(error, client, release)
      followClient(client, traces)
      callback(error, client, Reflect.get(client, 'release'))
    })
  }

  #openExplainer(): Explainer {
    const refusal = refusalOf(this.#options.pool)
    if (refusal !== undefined) throw refusal
    return this.#options.explainer()
  }
}
