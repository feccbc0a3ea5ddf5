import { EventEmitter } from 'node:events'
import type { Client, PoolClient } from 'pg'
import { CatalogWatcher, type CatalogEvent } from './catalog/watcher.ts'
import type { Settings } from './config/settings.ts'
import { SessionContext } from './consistency/session-context.ts'
import type { MutableSession } from './consistency/session.ts'
import type { Write } from './consistency/write-ledger.ts'
import { asError } from './errors/as-error.ts'
import { Executor, type Done, type Send } from './execution/executor.ts'
import { ClusterMonitor } from './monitoring/cluster-monitor.ts'
import type { Monitor } from './monitoring/monitor.ts'
import { queryOverPassingConnection } from './monitoring/passing-connection.ts'
import { LeasePool, type LeasePoolListener } from './nodes/lease-pool.ts'
import type { ServerNode } from './nodes/server-node.ts'
import { changesBetween, type RouterEventEmitter, type RouterEvents } from './observability/events.ts'
import { explainPlan, type Explanation } from './observability/explain.ts'
import { logEvents } from './observability/logger.ts'
import { misconfiguration, noPrimaryError } from './observability/problems.ts'
import { Counters, type PoolStats } from './observability/stats.ts'
import { inThisContext } from './platform/async-context.ts'
import type { Platform } from './platform/platform.ts'
import { systemPlatform } from './platform/system.ts'
import { decideRoute, type RouteRequest } from './routing/decide.ts'
import type { Route } from './routing/route.ts'
import { planQuery } from './selection/plan.ts'
import type { QueryPlan } from './selection/query-plan.ts'
import { changesCatalog } from './statement/changes-catalog.ts'
import { createJudge } from './statement/caching-judge.ts'
import type { Judge } from './statement/judge.ts'
import { provesRead } from './statement/proves-read.ts'
import type { Statement } from './statement/statement.ts'
import type { NodeId, Role } from './topology/node.ts'
import type { NodeView, Snapshot } from './topology/snapshot.ts'

/** A connection to the primary, held by one caller. */
export interface PrimaryLease {
  readonly client: PoolClient
  readonly node: NodeView
}

/** One statement on its way. */
export interface RoutedQuery {
  /** Absent where there is no text to judge: it goes to the primary. */
  readonly sql: string | undefined
  readonly request: RouteRequest
  readonly session: MutableSession
  readonly send: Send
}

/** What stands for a text that there is not: a prepared statement run by its name, a cursor, a stream. */
export const WITHOUT_TEXT: Statement = {
  kind: 'write',
  reason: 'unknown-statement',
  mayWrite: true,
  leavesSessionState: true,
  multiple: false,
}

/** Wires the stages together, and keeps what they share. One per pool. */
export class Router {
  readonly sessions: SessionContext = new SessionContext()
  readonly events: RouterEventEmitter = new EventEmitter()
  readonly #settings: Settings
  readonly #platform: Platform = systemPlatform
  readonly #catalog: CatalogWatcher
  readonly #judge: Judge
  readonly #monitor: Monitor
  readonly #nodes: ReadonlyMap<NodeId, ServerNode>
  readonly #executor: Executor
  readonly #counters = new Counters()
  readonly #lastRoles = new Map<NodeId, Role>()
  readonly #reportedHints = new WeakSet<Statement>()
  #ready = false
  #preparing: Promise<void> | undefined

  constructor(settings: Settings, ClientClass: typeof Client, listener: LeasePoolListener) {
    this.#settings = settings
    this.#catalog = new CatalogWatcher({
      query: (sql) => this.#askPrimary(sql, ClientClass),
      platform: this.#platform,
      declared: settings.declared,
      isRead: (sql, catalog) => provesRead(settings.parser, sql, catalog),
      onEvent: (event) => this.#catalogEvent(event),
    })
    this.#judge = createJudge({
      parser: settings.parser,
      catalog: () => this.#catalog.current,
      cacheBytes: settings.statementCacheBytes,
      maxSqlBytes: settings.maxSqlBytes,
    })
    this.#monitor = new ClusterMonitor({
      nodes: settings.nodes,
      ClientClass,
      platform: this.#platform,
      intervalMs: settings.probeIntervalMs,
      timeoutMs: settings.probeTimeoutMs,
      maxLag: { ms: 10_000, bytes: 64 * 1024 * 1024 },
      onSnapshot: (next, previous) => this.#observe(next, previous),
    })
    this.#nodes = new Map(settings.nodes.map((node) => [node.id, new LeasePool(node, ClientClass, listener)]))
    this.#executor = new Executor({
      nodeOf: (id) => this.#nodeOf(id),
      balancer: settings.balancer,
      platform: this.#platform,
      listener: {
        sent: (node) => this.#counters.sent(node),
        readAnswered: (node) => this.#counters.readAnswered(node),
        nodeFailed: (node, cause) => this.#monitor.suspect(node.id, cause),
      },
    })
    if (settings.logger !== undefined) logEvents(this.events, settings.logger)
  }

  get nodes(): Iterable<ServerNode> {
    return this.#nodes.values()
  }

  get isReady(): boolean {
    return this.#ready
  }

  /**
   * Resolves when statements can be judged and the cluster has been looked at. Rejects when the parser cannot be loaded
   * or the options are wrong; a later call looks again.
   */
  prepare(): Promise<void> {
    this.#preparing ??= this.#waiting(this.#prepare()).finally(() => {
      this.#preparing = undefined
    })
    return this.#preparing
  }

  async #prepare(): Promise<void> {
    const again = this.#monitor.snapshot.nodes.some(({ state }) => state.name !== 'pending')
    await Promise.all([this.#judge.load(), again ? this.#monitor.refresh() : this.#monitor.settled()])
    const problem = misconfiguration(this.#monitor.snapshot)
    if (problem !== undefined) throw problem
    this.#ready = true
    this.#catalog.start()
  }

  /** What the node was when it last said so. */
  lastRoleOf(id: NodeId): Role {
    return this.#lastRoles.get(id) ?? 'unknown'
  }

  /** An idle connection to this node broke: the server may be gone. */
  connectionLost(node: NodeId, cause: Error): void {
    this.#monitor.suspect(node, cause)
    this.#tell('connectionLost', { node, cause })
  }

  /** Runs one autocommit statement wherever it belongs. */
  run(query: RoutedQuery, done: Done): void {
    if (this.#ready) this.#dispatch(query, done)
    else this.prepare().then(() => this.#dispatch(query, done), done)
  }

  /** True when there is a node that could serve a statement. Looks once more at the cluster if there seems to be none. */
  async canServe(): Promise<boolean> {
    const serves = (): boolean => {
      const { nodes, primary } = this.#monitor.snapshot
      return primary !== undefined || nodes.some((node) => node.lag !== undefined)
    }
    if (!serves()) await this.#waiting(this.#monitor.refresh())
    return serves()
  }

  /** Why `canServe` is false. */
  unavailable(): Error {
    return noPrimaryError(this.#monitor.snapshot)
  }

  judge(sql: string | undefined): Statement {
    return sql === undefined ? WITHOUT_TEXT : this.#judge.judge(sql)
  }

  route(statement: Statement, session: MutableSession, request: RouteRequest): Route {
    return decideRoute(statement, session, request, this.#settings, this.#platform.now())
  }

  /**
   * Notes what has come to its end: sessions may have written, and the database's functions and relations may have
   * changed. To be called before the caller hears of the end: the next thing that it does may be to read.
   */
  ended(write: Write): void {
    const nowMs = this.#platform.now()
    for (const session of write.sessions) session.wrote(nowMs)
    if (write.changesCatalog) this.#catalog.ddlPassed()
  }

  /** Counts a statement that runs over a leased connection. */
  count(node: NodeView, statement: Statement): void {
    this.#counters.sent(node)
    if (statement.kind === 'read') this.#counters.readAnswered(node)
  }

  /** Hands out a connection to the primary for exclusive use. */
  leasePrimary(done: (error: Error | undefined, lease?: PrimaryLease) => void): void {
    this.#withPrimary((error) => {
      const { primary } = this.#monitor.snapshot
      if (primary === undefined) return done(error ?? noPrimaryError(this.#monitor.snapshot))
      // pg-pool hands connections over in the async context of whoever released them.
      const leased = inThisContext((leaseError: Error | undefined, client?: PoolClient): void => {
        if (client !== undefined) return done(undefined, { client, node: primary })
        this.#monitor.suspect(primary.id, asError(leaseError))
        done(leaseError)
      })
      this.#nodeOf(primary.id).lease(leased)
    })
  }

  async explain(sql: string | undefined, request: RouteRequest): Promise<Explanation> {
    const session = this.sessions.current()
    if (!this.#ready) await this.prepare()
    const statement = this.judge(sql)
    const route = this.route(statement, session, request)
    return { statement, route, plan: explainPlan(this.#plan(route)) }
  }

  stats(): PoolStats {
    return this.#counters.report(
      this.#monitor.snapshot,
      this.#catalog.current.source,
      (id) => {
        const { totalCount, idleCount, waitingCount } = this.#nodeOf(id)
        return { total: totalCount, idle: idleCount, waiting: waitingCount }
      },
      this.#platform.now(),
    )
  }

  async end(): Promise<void> {
    this.#catalog.close()
    await Promise.all([this.#monitor.close(), ...[...this.#nodes.values()].map((node) => node.end())])
  }

  #dispatch(query: RoutedQuery, done: Done): void {
    try {
      this.#decide(query, done)
    } catch (error) {
      done(asError(error))
    }
  }

  #decide(query: RoutedQuery, done: Done): void {
    const statement = this.judge(query.sql)
    const route = this.route(statement, query.session, query.request)
    if (route.role === 'primary') this.#reportIgnoredHint(statement, query.request)
    const plan = this.#plan(route)
    if (plan.steps.length > 0) return this.#execute(statement, plan, query, done)
    this.#withPrimary((error) => {
      const secondPlan = this.#plan(route)
      if (secondPlan.steps.length === 0) return done(error ?? noPrimaryError(this.#monitor.snapshot))
      this.#execute(statement, secondPlan, query, done)
    })
  }

  #execute(statement: Statement, plan: QueryPlan, query: RoutedQuery, done: Done): void {
    const { session, send } = query
    if (statement.kind === 'read') {
      let wasRefused = false
      const refused = (node: NodeId, cause: Error): void => {
        wasRefused = true
        this.#tell('readRefused', { node, sql: query.sql ?? '', cause })
      }
      return this.#executor.read({ plan, send, refused }, (error, result) => {
        // What ran on the primary in its place was no read after all.
        if (wasRefused) this.ended({ sessions: [session], changesCatalog: true })
        done(error, result)
      })
    }
    const [step] = plan.steps
    if (step === undefined) throw new RangeError('A write needs a plan with a step to run')
    if (!statement.mayWrite) return this.#executor.write(step.node, send, done)
    this.#executor.write(step.node, send, (error, result) => {
      this.ended({ sessions: [session], changesCatalog: changesCatalog(statement) })
      done(error, result)
    })
  }

  /** Asks the primary about the database, over a connection of its own. */
  async #askPrimary(sql: string, ClientClass: typeof Client): Promise<readonly unknown[]> {
    const { primary } = this.#monitor.snapshot
    const config = this.#settings.nodes.find(({ id }) => id === primary?.id)
    if (config === undefined) throw noPrimaryError(this.#monitor.snapshot)
    return queryOverPassingConnection(config.options, ClientClass, this.#settings.probeTimeoutMs, sql)
  }

  #catalogEvent(event: CatalogEvent): void {
    if (event.type === 'catalog-loaded') this.#tell('catalogLoaded', event)
    else this.#tell('catalogFailed', { cause: event.error, retryInMs: event.retryInMs })
  }

  #observe(next: Snapshot, previous: Snapshot): void {
    for (const { id, role } of next.nodes) if (role !== 'unknown') this.#lastRoles.set(id, role)
    for (const change of changesBetween(previous, next)) this.#tell('nodeChanged', change)
  }

  /** A listener that throws is its own problem: it ends nothing here. */
  #tell<Name extends keyof RouterEvents>(name: Name, ...args: RouterEvents[Name]): void {
    try {
      ;(this.events as EventEmitter).emit(name, ...args)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** A replica was asked for, and must not have it. Said once for each text that is still known. */
  #reportIgnoredHint(statement: Statement, { route }: RouteRequest): void {
    const isAsked = route === 'replica' || (route === undefined && statement.hint === 'replica')
    if (!isAsked || statement.kind === 'read' || this.#reportedHints.has(statement)) return
    this.#reportedHints.add(statement)
    this.#tell('hintIgnored', statement)
  }

  #plan(route: Route): QueryPlan {
    const { balancer } = this.#settings
    return planQuery(route, this.#monitor.snapshot, balancer, this.#platform.now(), () =>
      this.#platform.random(),
    )
  }

  /** Calls back at once when there is a primary, else after one more look at the cluster. */
  #withPrimary(done: (error?: Error) => void): void {
    if (!this.#ready) {
      this.prepare().then(() => done(), done)
      return
    }
    if (this.#monitor.snapshot.primary !== undefined) return done()
    this.#waiting(this.#monitor.refresh()).then(() => done(), done)
  }

  /** Somebody waits for this, so the process must not end before it. */
  #waiting<T>(promise: Promise<T>): Promise<T> {
    return promise.finally(this.#platform.holdOpen())
  }

  #nodeOf(id: NodeId): ServerNode {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new RangeError(`There is no node ${id}`)
    return node
  }
}
