import { Beginnings } from '../client/beginnings.ts'
import type { RouterPort } from '../client/router-port.ts'
import type { ResolvedOptions } from '../config/resolved-options.ts'
import { HealthBook } from '../execution/health-book.ts'
import type { LeasePoolListener } from '../nodes/lease-pool.ts'
import { NodeSet } from '../nodes/node-set.ts'
import type { RouterEventEmitter } from '../observability/events.ts'
import { logEvents } from '../observability/logger.ts'
import { Counters, type PoolStats } from '../observability/stats.ts'
import { ConnectionTraces } from '../observability/connection-traces.ts'
import { EventStream } from '../observability/event-stream.ts'
import { Traffic } from '../observability/traffic.ts'
import { Tracer } from '../observability/tracer.ts'
import { Transitions } from '../observability/transitions.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import { ASLEEP_AFTER_MS, SleepWatch } from '../platform/sleep-watch.ts'
import { guardedBalancer } from '../selection/guarded-balancer.ts'
import { SettingKeeper } from '../settings/setting-keeper.ts'
import type { NodeId } from '../topology/node.ts'
import { Consequences } from './consequences.ts'
import { Decider } from './decider.ts'
import { Dispatcher } from './dispatcher.ts'
import { endedOf } from './endings.ts'
import { executionListener } from './execution-listener.ts'
import { createExecutors, type Executors } from './executors.ts'
import { Hooks } from './hooks.ts'
import { judgementOf } from './judgement-of.ts'
import { NewConnections } from './new-connections.ts'
import { nodeOpener } from './node-opener.ts'
import { addressOf, databaseOf, poolName } from './pool-name.ts'
import { Readiness } from './readiness.ts'
import { ReadOnlyOpener } from './read-only-opener.ts'
import { Roster } from './roster.ts'
import type { CatalogSource } from './shared-catalogs.ts'
import { SessionKeeper } from './session-keeper.ts'
import { SessionMoves } from './session-moves.ts'
import { SessionReturns } from './session-returns.ts'
import { Suspension } from './suspension.ts'
import { wake } from './wake.ts'
import { WatchedCluster } from './watched-cluster.ts'

/** Length of a sleep after which a pool of the usual life cycle looks at the nodes again, in milliseconds. */
const FORGET_AFTER_MS = 5_000

/** The connected parts of a router. One per pool. */
export interface Router extends RouterPort {
  readonly events: RouterEventEmitter
  readonly cluster: WatchedCluster
  readonly counters: Counters
  readonly decider: Decider
  readonly dispatcher: Dispatcher
  readonly executors: Executors
  readonly hooks: Hooks
  readonly nodes: NodeSet
  readonly readiness: Readiness
  readonly roster: Roster
  readonly sessions: SessionKeeper
  readonly tracer: Tracer
  readonly transitions: Transitions
  /** A new connection to this node is about to be used: see `NewConnections`. */
  readonly connectionOpened: NewConnections['opened']
  /** Called when an idle connection to this node was lost: the server may be gone. */
  connectionLost(node: NodeId, cause: Error): void
  stats(): PoolStats
  end(): Promise<void>
}

export interface RouterOptions {
  readonly options: ResolvedOptions
  readonly platform: Platform
  readonly connect: Connect
  readonly listener: LeasePoolListener
}

/** Creates the parts of a router and connects them; does no I/O. */
export function composeRouter({ connect, options, ...given }: RouterOptions): Router {
  const isSuspending = options.lifecycle === 'suspending'
  const suspension = isSuspending
    ? new Suspension({ platform: given.platform, nodes: () => nodes, rest: () => cluster.rest() })
    : undefined
  const platform: Platform = suspension?.platform ?? given.platform
  const connections = suspension?.around(given.listener) ?? given.listener
  const stream = new EventStream(poolName(options))
  const { events, tell } = stream
  const tracer = new Tracer({
    stream,
    platform,
    database: databaseOf(options),
    addressOf: (id) => addressOf(nodes.configOf(id)?.options),
  })
  const transitions = new Transitions(platform, tell)
  const counters = new Counters()
  const traffic = new Traffic()
  const settings = new SettingKeeper()
  const sleep: SleepWatch = new SleepWatch(platform, (sleptMs, wasBusy) => {
    // Its connections are alive, and slow reads would be sent a second time.
    if (wasBusy) return
    const forgetAfterMs = isSuspending ? ASLEEP_AFTER_MS : FORGET_AFTER_MS
    wake({ cluster, executors, platform, forgetAfterMs }, sleptMs)
  })
  const health = new HealthBook(platform, {
    ejected: (node, forMs) => tell('nodeEjected', { node, forMs }),
  })
  const balancer = guardedBalancer(options.balancer, (cause) => tell('balancerFailed', { cause }))
  const judgement = judgementOf({
    resolved: options,
    platform,
    connect,
    tell,
    primary: () => sourceOf(cluster, nodes),
    schemaChanged: (atMs) => sessions.schema.changed(atMs),
  })
  const sessions = new SessionKeeper({
    resolved: options,
    platform,
    cluster: () => cluster,
    tokenRejected: (reason) => tell('tokenRejected', { reason }),
    positionAsked: (asked) => tell('positionAsked', asked),
  })
  const ended = endedOf(sessions, judgement)
  const hooks = new Hooks({
    ended,
    judge: (sql) => judgement.judge(sql),
    lastRoleOf: (id) => transitions.lastRoleOf(id),
    platform,
    sessions,
    settings,
    tell,
  })
  const nodes: NodeSet = new NodeSet(
    options.nodes,
    nodeOpener(
      options,
      platform,
      connect,
      { hooks, sessions, settings, sleep, tell, judged: judgement },
      { ...connections, traces: new ConnectionTraces(stream, platform) },
    ),
  )
  const cluster: WatchedCluster = new WatchedCluster({
    resolved: options,
    connect,
    platform,
    selection: {
      balancer,
      health,
      random: () => platform.random(),
      spills: options.primarySpill.places > 0,
    },
    onSnapshot: (next, previous) => {
      sessions.observe(next)
      consequences.draw(transitions.observe(next, previous), next)
      readiness.observe(next)
    },
    onRest: () => readiness.rest(),
    isInUse: () => nodes.isInUse,
  })
  const listener = executionListener({ cluster, counters, platform, traffic, transitions })
  const executors = createExecutors({
    resolved: options,
    nodes,
    connections: settings.connections,
    surroundings: {
      nodeOf: (id) => nodes.get(id),
      balancer,
      cluster,
      committed: () => sessions.proofs.committed(),
      health,
      listener,
      platform,
    },
  })
  const roster = new Roster({
    resolved: options,
    platform,
    nodes,
    cluster,
    tell,
    listed: (ids, connected) => {
      for (const book of [counters, executors, health, traffic]) book.retain(ids)
      // New connections to a removed node, for callers that wait for one, are still checked.
      for (const book of [consequences, transitions]) book.retain(connected)
      options.retain?.(ids)
    },
    removed: (id, answered) => {
      // The monitor no longer watches it, so waiting callers would not learn that it is gone.
      if (!answered) executors.abandon(id, new Error(`${id} is no longer a node of the cluster`))
    },
  })
  const readiness = new Readiness({
    platform,
    failoverTimeoutMs: options.failoverTimeoutMs,
    judgement,
    parser: {
      warm: () => options.parser.warm?.(),
      // Statements of hooks on its connection would run unjudged, and what they set would stay for others.
      mayComeLater: () => !options.parser.isLoaded && connections.hasHooks?.() !== true,
    },
    roster,
    cluster,
    sleep,
    wake: () => suspension?.platform.wake(),
  })
  const consequences = new Consequences({ executors, health, nodes, roster, transitions })
  const newConnections = new NewConnections({
    platform,
    cluster,
    consequences,
    nodes,
    roster,
    sessions,
    settings,
    transitions,
  })
  const openings = new ReadOnlyOpener({ sessions, knowsDatabase: () => judgement.source === 'loaded' })
  const moves = new SessionMoves({ platform, cluster })
  const { catchUpTimeoutMs } = options
  const { implicit } = sessions.context
  const returns = new SessionReturns({ platform, cluster, implicit, catchUpTimeoutMs })
  const decider = new Decider(
    {
      policy: options,
      platform,
      readiness,
      judgement,
      sessions: {
        context: sessions.context,
        awaited: (...read) => sessions.awaited(...read),
        moved: (decision, again) => moves.before(decision) ?? returns.before(decision, again),
      },
      settings,
      executors,
      openings,
    },
    listener,
  )
  const dispatcher = new Dispatcher(
    { decider, cluster, ended, judgement, readiness, sessions, settings, tell, transitions },
    listener.repaired,
  )
  if (options.logger !== undefined) logEvents(events, options.logger)

  return {
    events,
    tell,
    tracer,
    listener,
    beginnings: new Beginnings(platform),
    platform,
    cluster,
    counters,
    decider,
    dispatcher,
    ended,
    executors,
    hooks,
    names: judgement.names,
    nodes,
    openings,
    pipelinesBegin: options.pipelineBegin,
    queryTimeoutMs: options.queryTimeoutMs,
    readiness,
    roster,
    sessions,
    settings,
    transitions,
    connectionOpened: newConnections.opened,
    connectionLost: (node, cause) => {
      cluster.suspect(node, cause)
      tell('connectionLost', { node, cause })
    },
    stats: () => {
      const connectionsOf = (id: NodeId): PoolStats['nodes'][number]['connections'] => nodes.connectionsOf(id)
      const report = counters.report(cluster.snapshot, judgement.source, connectionsOf, platform.now())
      return { ...report, traffic: traffic.report() }
    },
    end: async () => {
      readiness.end()
      suspension?.close()
      roster.close()
      sessions.close()
      await Promise.all([judgement.leave(), cluster.close(), nodes.end()])
      // Callers that had a client until now may have used their session.
      sessions.context.close()
    },
  }
}

/** The server that is the primary, and how it is reached. */
function sourceOf(
  { questions, snapshot: { primary } }: WatchedCluster,
  nodes: NodeSet,
): CatalogSource | undefined {
  const options = primary && nodes.configOf(primary.id)?.options
  if (primary?.state.name !== 'up' || options === undefined) return undefined
  const { login, serverIdentity } = primary.state.observation
  return { serverIdentity, login, options, ask: (sql) => questions.ask(sql, serverIdentity) }
}
