import { EventEmitter } from 'node:events'
import type { Client, PoolClient } from 'pg'
import type { RouterPort, Question, RoutedQuery } from '../client/router-port.ts'
import type { Settings } from '../config/settings.ts'
import type { MutableSession } from '../consistency/session.ts'
import type { Position } from '../consistency/position.ts'
import { writeBy, type Write } from '../consistency/write-ledger.ts'
import { asError } from '../errors/as-error.ts'
import type { Done } from '../execution/execution.ts'
import { createExecutors, type Executors } from './executors.ts'
import { guarded } from '../execution/guarded.ts'
import { HealthBook } from '../execution/health-book.ts'
import { hasLeftNothing } from '../execution/left-nothing.ts'
import type { Leased } from '../execution/writer.ts'
import type { LeasePoolListener } from '../nodes/lease-pool.ts'
import { NodeSet } from '../nodes/node-set.ts'
import type { NodeConfig, ServerNode } from '../nodes/server-node.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import { explain, type Explanation } from '../observability/explain.ts'
import { logEvents } from '../observability/logger.ts'
import { tellerOf, type Tell } from '../observability/tell.ts'
import { Counters, type NodeStats, type PoolStats } from '../observability/stats.ts'
import { Transitions } from '../observability/transitions.ts'
import type { Platform } from '../platform/platform.ts'
import { systemPlatform } from '../platform/system.ts'
import { BOUND_BY_SETTING, decideRoute, type RouteRequest } from '../routing/decide.ts'
import { positionToAsk, type Route } from '../routing/route.ts'
import type { NameReader } from '../statement/names.ts'
import type { Statement } from '../statement/statement.ts'
import { guardedBalancer } from '../selection/guarded-balancer.ts'
import type { NodeId, Role } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { executionListener } from './execution-listener.ts'
import { Hooks } from './hooks.ts'
import { IgnoredHints } from './ignored-hints.ts'
import type { Judgement } from './judgement.ts'
import { judgementOf } from './judgement-of.ts'
import { Readiness } from './readiness.ts'
import { ReadOnlyOpener } from './read-only-opener.ts'
import { SettingKeeper } from '../settings/setting-keeper.ts'
import type { Journal } from '../settings/journal.ts'
import { nodeOpener } from './node-opener.ts'
import { Roster } from './roster.ts'
import { shareableOf } from './shareable-of.ts'
import { Consequences } from './consequences.ts'
import type { CatalogSource } from './shared-catalogs.ts'
import { SessionKeeper } from './session-keeper.ts'
import { WatchedCluster } from './watched-cluster.ts'

const nothing = (): void => {}
/** Wires the stages together, and keeps what they share. One per pool. */
export class Router implements RouterPort {
  readonly events: RouterEventEmitter = new EventEmitter()
  readonly tell: Tell = tellerOf(this.events)
  readonly sessions: SessionKeeper
  readonly settings: SettingKeeper = new SettingKeeper()
  readonly hooks: Hooks = new Hooks(this)
  readonly readOnly: ReadOnlyOpener
  readonly names: NameReader
  readonly #options: Settings
  readonly #platform: Platform = systemPlatform
  readonly #judgement: Judgement
  readonly #cluster: WatchedCluster
  readonly #nodes: NodeSet
  readonly #health: HealthBook
  readonly executors: Executors
  readonly #counters = new Counters()
  readonly #transitions: Transitions
  readonly #roster: Roster
  readonly #consequences: Consequences
  readonly #ignoredHints = new IgnoredHints((statement) => this.tell('hintIgnored', statement))
  readonly readiness: Readiness

  constructor(settings: Settings, ClientClass: typeof Client, poolListener: LeasePoolListener) {
    this.#options = settings
    const platform = this.#platform
    this.#transitions = new Transitions(platform, (name, ...args) => this.tell(name, ...args))
    const primary = (): CatalogSource | undefined => this.#cluster.source(this.#nodes)
    this.#judgement = judgementOf({ settings, platform, ClientClass, tell: this.tell, primary })
    this.names = this.#judgement.names
    const port = { hooks: this.hooks, settings: this.settings, tell: this.tell, judged: this.#judgement }
    this.#nodes = new NodeSet(settings.nodes, nodeOpener(settings, platform, ClientClass, port, poolListener))
    this.#health = new HealthBook(platform, {
      ejected: (node, forMs) => this.tell('nodeEjected', { node, forMs }),
    })
    const selection = {
      balancer: guardedBalancer(settings.balancer, (cause) => this.tell('balancerFailed', { cause })),
      health: this.#health,
      random: () => platform.random(),
      spills: settings.primarySpill.places > 0,
    }
    this.sessions = new SessionKeeper({
      settings,
      platform,
      cluster: () => this.#cluster,
      tokenRejected: (reason) => this.tell('tokenRejected', { reason }),
    })
    const onSnapshot = this.#observe.bind(this)
    this.#cluster = new WatchedCluster({
      settings,
      ClientClass,
      platform,
      selection,
      onSnapshot,
      onRest: () => this.readiness.rest(),
      isInUse: () => this.#nodes.isInUse,
    })
    const cluster = this.#cluster
    const listener = executionListener(this.#counters, this.#transitions, cluster)
    const shared = { ...selection, cluster, listener, nodes: this.#nodes, platform, settings }
    const committed = (): Promise<Position | undefined> => this.sessions.committed()
    this.executors = createExecutors({ ...shared, committed, connections: this.settings.connections })
    this.readOnly = new ReadOnlyOpener({
      sessions: this.sessions,
      route: (...asked) => this.route(...asked),
      work: (request, session) => this.executors.of(request, session),
      knowsDatabase: () => this.#judgement.source === 'loaded',
    })
    this.#roster = new Roster({
      settings,
      platform,
      nodes: this.#nodes,
      cluster,
      tell: this.tell,
      removed: (id, answered) => {
        this.#health.forget(id)
        this.executors.forget(id)
        // It is no longer watched, so nobody would tell those who wait for it in vain.
        if (!answered) this.executors.abandon(id, new Error(`${id} is no longer a node of the cluster`))
      },
    })
    this.readiness = new Readiness({
      platform,
      failoverTimeoutMs: settings.failoverTimeoutMs,
      judgement: this.#judgement,
      roster: this.#roster,
      cluster,
    })
    this.#consequences = new Consequences({
      platform,
      sessions: this.sessions,
      cluster,
      executors: this.executors,
      health: this.#health,
      nodes: this.#nodes,
      roster: this.#roster,
      settings: this.settings,
      transitions: this.#transitions,
    })
    if (settings.logger !== undefined) logEvents(this.events, settings.logger)
  }

  get nodes(): Iterable<ServerNode> {
    return this.#nodes
  }

  get isReady(): boolean {
    return this.readiness.isReady
  }

  /** Resolves when statements may go their way; see `Readiness`. */
  prepare(): Promise<void> {
    return this.readiness.prepare()
  }

  /** Uses these nodes from now on. A node that goes finishes what it has. */
  setNodes(nodes: readonly NodeConfig[]): void {
    this.#roster.set(nodes)
  }

  /** What the node was when it last said so. */
  lastRoleOf(id: NodeId): Role {
    return this.#transitions.lastRoleOf(id)
  }

  /** An idle connection to this node broke: the server may be gone. */
  connectionLost(node: NodeId, cause: Error): void {
    this.#cluster.suspect(node, cause)
    this.tell('connectionLost', { node, cause })
  }

  /** A new connection is about to be used for the first time. */
  opened(node: NodeId, client: PoolClient, proceed: (refusal?: Error) => void): void {
    this.#consequences.opened(node, client, proceed)
  }

  /** A client is not given back. */
  leaked(leak: { readonly heldMs: number; readonly stack: string }): void {
    this.tell('clientLeaked', leak)
  }

  /** Connections to the primary, if there is one. */
  get primaryNode(): ServerNode | undefined {
    const primary = this.#cluster.primary()
    return primary === undefined ? undefined : this.#nodes.get(primary.id)
  }

  /** How a node is reached. */
  configOf(id: NodeId): NodeConfig | undefined {
    return this.#nodes.configOf(id)
  }

  /** A statement over a leased connection found the node failed, or demoted. */
  nodeFailed(node: NodeView, cause: Error): void {
    this.#cluster.suspect(node.id, cause)
  }

  /** True when nothing may be written to this node any more, though it would take it. */
  isFenced(node: NodeView): boolean {
    return this.#cluster.isFenced(node)
  }

  /** Runs one autocommit statement wherever it belongs. */
  run(query: RoutedQuery, done: Done): void {
    if (this.isReady) return this.#dispatch(query, done)
    const answer = guarded(done)
    this.prepare().then(() => this.#dispatch(query, answer), answer)
  }

  /** Resolves when a statement may hope for a node; rejects with why there is none. */
  async servable(): Promise<void> {
    if (!this.isReady) await this.prepare()
    if (!(await this.#cluster.canServe())) throw this.#cluster.unavailable()
  }

  judge(sql: string | undefined): Statement {
    return this.#judgement.judge(sql)
  }

  /** Resolves when the statement is to be judged again; see `Judgement`. */
  changeKnown(statement: Statement): Promise<void> | undefined {
    return this.#judgement.changeKnown(statement)
  }

  judgeAnew(sql: string | undefined): Promise<Statement> {
    return this.#judgement.judgeAnew(sql)
  }

  route(
    statement: Statement,
    session: MutableSession,
    request: RouteRequest,
    journal: Journal = this.settings.pool.journal,
  ): Route {
    if (statement.kind === 'read' && this.settings.binds(journal)) return BOUND_BY_SETTING
    return decideRoute(statement, session, request, this.#options, this.#platform.now())
  }

  /**
   * Notes what has come to its end: sessions may have written, and the database's functions and relations may have
   * changed. To be called before the caller hears of the end: the next thing that it does may be to read.
   */
  ended(write: Write, sql?: string): void {
    this.sessions.wrote(write.sessions, write.certainty)
    if (write.catalogEffect === 'certain') this.#judgement.ddlPassed(sql)
    else if (write.catalogEffect === 'possible') this.#judgement.doubt()
  }

  /** Counts a statement that runs over a leased connection. */
  count(node: NodeView, statement: Statement): void {
    this.#used()
    this.#counters.sent(node)
    if (statement.kind === 'read') this.#counters.readAnswered(node)
  }

  answered(node: NodeView): void {
    this.#counters.readAnswered(node)
  }

  /** Something was read over a leased connection. */
  saw(session: MutableSession, node: NodeView): void {
    this.sessions.saw(session, node)
  }

  /** Hands out a connection to the primary for exclusive use. */
  leasePrimary(done: Leased, tier: string | undefined = this.sessions.context.current().tier): void {
    const answer = guarded(done)
    const { executor } = this.executors.named(tier)
    if (this.isReady) executor.lease(answer)
    else this.prepare().then(() => executor.lease(answer), answer)
  }

  async explain({ sql, request, session, journal }: Question): Promise<Explanation> {
    if (!this.isReady) await this.prepare()
    this.#judgement.start()
    await this.changeKnown(this.judge(sql))
    const statement = this.judge(sql)
    if (statement.kind === 'read') await this.sessions.awaited(session, request, statement.hint)
    const route = this.route(statement, session, request, journal)
    const { plan } = this.executors.of(request, session)
    return explain(statement, route, plan(route))
  }

  stats(): PoolStats {
    const connectionsOf = (id: NodeId): NodeStats['connections'] => this.#nodes.connectionsOf(id)
    const { source } = this.#judgement
    return this.#counters.report(this.#cluster.snapshot, source, connectionsOf, this.#platform.now())
  }

  async end(): Promise<void> {
    this.#roster.close()
    this.sessions.close()
    await Promise.all([this.#judgement.leave(), this.#cluster.close(), this.#nodes.end()])
  }

  #dispatch(query: RoutedQuery, done: Done): void {
    this.#used()
    try {
      this.#decide(query, done)
    } catch (error) {
      done(asError(error))
    }
  }

  #decide(query: RoutedQuery, done: Done): void {
    const statement = this.judge(query.sql)
    const known = this.changeKnown(statement)
    if (known === undefined) return this.#follow(statement, query, done)
    const follow = (): void => this.#follow(this.judge(query.sql), query, done)
    known.then(follow).catch((error: unknown) => done(asError(error)))
  }

  #follow(statement: Statement, query: RoutedQuery, done: Done): void {
    const { sql, session, request, values } = query
    if (statement.kind === 'read') return this.#read(statement, query, done)
    if (query.conversation !== undefined) return query.conversation.spilled(nothing, nothing)
    this.#ignoredHints.note(statement, request)
    this.sessions.noteSetting(statement, sql)
    const ofPool = this.settings.ofPool(statement, values, query.send)
    const send = this.settings.under(query.journal, ofPool, false, query.acquire)
    const { executor } = this.executors.of(request, session)
    const ended: Done = (error, result) => {
      const counts = statement.mayWrite && !(error && hasLeftNothing(error, statement))
      this.sessions.ranOnPrimary(session, statement, sql, error, counts)
      if (counts) this.ended(writeBy(session, statement), sql)
      done(error, result)
    }
    executor.write(send, ended)
  }

  #read(statement: Statement, query: RoutedQuery, done: Done): void {
    const awaited = this.sessions.awaited(query.session, query.request, statement.hint)
    const read = (): void => this.#readNow(statement, query, done)
    if (awaited === undefined) read()
    else awaited.then(read).catch((error: unknown) => done(asError(error)))
  }

  #readNow(statement: Statement, query: RoutedQuery, done: Done): void {
    const { session, request, journal, conversation, acquire } = query
    const canPipeline = query.canPipeline && acquire === undefined
    if (this.#cluster.servesUnmeasured) this.#transitions.once('startedWithoutPrimary')
    const route = this.route(statement, session, request, journal)
    if (route.role === 'primary' && conversation !== undefined) return conversation.spilled(nothing, nothing)
    const refused = (node: NodeView, cause: Error): void => this.#repair(node, cause, query, done)
    const follower = this.sessions.follower(session, request, route)
    const work = this.executors.of(request, session)
    const send = this.settings.under(journal, query.send, canPipeline, acquire)
    const shareable = work.canShare ? shareableOf(statement, query, this.settings.pool.journal) : undefined
    const { plan, reached } = work.candidates(route)
    const position = positionToAsk(route)
    work.executor.read(
      { plan, reached, send, shareable, statement, position, canPipeline, refused, follower, conversation },
      done,
    )
  }

  /** What a standby refuses because it is one was no read after all: it runs on the primary, once, as the write it may be. */
  #repair(node: NodeView, cause: Error, query: RoutedQuery, done: Done): void {
    const { sql = '', request, session, journal = this.settings.pool.journal, conversation } = query
    const code: unknown = Reflect.get(cause, 'code')
    const isOfSetting = code === 'SWITCHYARD_SETTING_REFUSED'
    // Nothing of the statement itself was refused.
    const isOfConnection = isOfSetting || code === 'SWITCHYARD_HOOK_REFUSED'
    if (isOfSetting) this.settings.refused(journal)
    if (isOfSetting) this.tell('settingRefused', { node: node.id, cause })
    if (!isOfConnection) this.tell('readRefused', { node: node.id, sql, cause })
    if (conversation !== undefined) return conversation.spilled(nothing, nothing)
    const send = this.settings.under(query.journal, query.send, false, query.acquire)
    const { executor } = this.executors.of(request, session)
    executor.write(send, (error, result) => {
      const shape = error || isOfConnection ? undefined : this.#judgement.learn(sql)
      if (shape !== undefined) this.tell('shapeLearned', shape)
      if (isOfConnection) this.sessions.shown(session)
      else this.ended({ sessions: [session], catalogEffect: 'certain' })
      done(error, result)
    })
  }

  #used(): void {
    this.#cluster.used()
    this.#judgement.used()
  }

  #observe(next: Snapshot, previous: Snapshot): void {
    this.sessions.observe(next)
    this.#consequences.draw(this.#transitions.observe(next, previous), next)
    this.readiness.observe(next)
  }
}
