import type { ResolvedOptions } from '../config/resolved-options.ts'
import type { Cluster } from '../execution/execution.ts'
import { ClusterMonitor } from '../monitoring/cluster-monitor.ts'
import type { Monitor } from '../monitoring/monitor.ts'
import type { Questions } from '../monitoring/questions.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import { noPrimaryError } from '../observability/problems.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform } from '../platform/platform.ts'
import type { Route } from '../routing/route.ts'
import { planQuery, type Selection } from '../selection/plan.ts'
import type { PlanStep, QueryPlan } from '../selection/query-plan.ts'
import { judgeReached, type Reached } from '../selection/reached.ts'
import type { NodeId, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import type { Tags } from '../topology/tags.ts'

/** Error message of node-postgres for a connection that was ended by `client.end()`. */
const ENDED_HERE = 'Connection terminated'

export interface WatchedClusterOptions {
  readonly resolved: ResolvedOptions
  readonly connect: Connect
  readonly platform: Platform
  readonly selection: Selection
  readonly onSnapshot: (snapshot: Snapshot, previous: Snapshot) => void
  /** Whether any connection is leased. */
  readonly isInUse: () => boolean
  /** Called when the monitor stops because the cluster is unused. */
  readonly onRest: () => void
}

/** The monitored cluster: plans for the current snapshot, and waits for later ones. */
export class WatchedCluster implements Cluster {
  readonly #options: WatchedClusterOptions
  readonly #monitor: Monitor
  /** Before the first primary, waiting for one would only hide wrong options. */
  #hadPrimary = false

  constructor(options: WatchedClusterOptions) {
    const { resolved, connect, platform, onSnapshot, isInUse, onRest } = options
    this.#options = options
    this.#monitor = new ClusterMonitor({
      nodes: resolved.nodes,
      connect,
      platform,
      intervalMs: resolved.probeIntervalMs,
      timeoutMs: resolved.probeTimeoutMs,
      maxLag: resolved.maxLag,
      isInUse,
      onRest,
      onSnapshot: (next, previous) => {
        if (next.primary !== undefined) this.#hadPrimary = true
        onSnapshot(next, previous)
      },
    })
  }

  get snapshot(): Snapshot {
    return this.#monitor.snapshot
  }

  /** True while the monitor rests because the cluster is unused. */
  get isResting(): boolean {
    return this.#monitor.isResting
  }

  /** Resolves when the cluster has been probed; after a failure a later call probes again. */
  async look(): Promise<void> {
    const again = this.snapshot.nodes.some(({ state }) => state.name !== 'pending')
    const looked = again ? this.#monitor.refresh() : this.#monitor.settled()
    await looked.finally(this.#options.platform.holdOpen())
  }

  /** Looks at this node now. */
  lookAt(id: NodeId): Promise<NodeView | undefined> {
    return this.#monitor.lookAt(id)
  }

  /** Forgets all that is known, and stops monitoring until the cluster is used again. */
  rest(): void {
    this.#monitor.rest()
  }

  /** Notes that a statement runs. */
  used(): void {
    this.#monitor.used()
  }

  /** Reports that a statement found the node failed. Connections that this process itself has ended do not count. */
  suspect(id: NodeId, cause: Error): void {
    if (cause.message === ENDED_HERE) return
    this.#monitor.suspect(id, cause)
  }

  setNodes(nodes: readonly NodeConfig[]): void {
    this.#monitor.setNodes(nodes)
  }

  plan(route: Route, tags: Tags | undefined, joins?: NodeId): QueryPlan {
    const planBy = (by: Selection): QueryPlan => {
      const chosen = tags === undefined ? by : { ...by, tags }
      return planQuery(route, this.snapshot, chosen, this.#options.platform.now(), joins)
    }
    const { selection } = this.#options
    const plan = planBy(selection)
    if (plan.steps.length > 0 || !this.servesUnmeasured) return plan
    return planBy({ ...selection, servesUnmeasured: true })
  }

  /** Judges the server that a connection through a shared address has reached, by its own observation. */
  reached(route: Route, { id }: NodeView, observation: Observation): Reached {
    const server = this.#monitor.reached(id, observation)
    if (server === undefined || route.role === 'primary') return { is: 'unfit' }
    const mayBeUnmeasured = this.servesUnmeasured && this.primary() === undefined
    return judgeReached(server, route.freshness, this.snapshot, mayBeUnmeasured, this.#options.platform.now())
  }

  primary(): NodeView | undefined {
    return this.snapshot.primary
  }

  async awaitPrimary(timeoutMs: number): Promise<boolean> {
    const isDecided = ({ primary, conflict }: Snapshot): boolean => (primary ?? conflict) !== undefined
    if (this.#waitsForPrimary) await untilNow(this.#monitor, this.#options.platform, isDecided, timeoutMs)
    else await this.refresh()
    return this.primary() !== undefined
  }

  async awaitPlan(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan> {
    const isDecided = ({ conflict }: Snapshot): boolean => plan().steps.length > 0 || conflict !== undefined
    if (this.#waitsForPrimary) await untilNow(this.#monitor, this.#options.platform, isDecided, timeoutMs)
    else await this.refresh()
    return plan()
  }

  async awaitReplica(plan: () => QueryPlan, timeoutMs: number): Promise<QueryPlan> {
    const hasCaughtUp = ({ node, reason }: PlanStep): boolean => reason === 'replica' && !node.isBalanced
    await this.#monitor.awaitProgress(() => plan().steps.some(hasCaughtUp), timeoutMs)
    return plan()
  }

  follow(): void {
    this.#monitor.follow()
  }

  /** Asks servers over the connections that watch them. */
  get questions(): Questions {
    return this.#monitor.questions
  }

  unavailable(): Error {
    return noPrimaryError(this.snapshot)
  }

  /**
   * True when there is, or will be, a node to serve a statement. A statement waits for a node that was there before.
   */
  get serves(): boolean {
    if (this.#waitsForPrimary) return true
    return this.snapshot.nodes.some(
      ({ lag, role }) => lag !== undefined || (this.servesUnmeasured && role === 'replica'),
    )
  }

  /** Whether replicas of unknown lag may serve reads because there has been no primary yet. */
  get servesUnmeasured(): boolean {
    return !this.#hadPrimary && this.#options.resolved.withoutPrimaryAtStart === 'serve'
  }

  get #waitsForPrimary(): boolean {
    return this.#hadPrimary || this.#options.resolved.withoutPrimaryAtStart === 'wait'
  }

  close(): Promise<void> {
    return this.#monitor.close()
  }

  /** Probes every node once more. A caller waits for this, so the process must not end before it. */
  refresh(): Promise<void> {
    return this.#monitor.refresh().finally(this.#options.platform.holdOpen())
  }
}

/** Waits for a snapshot that passes the test, and that is the current one when the wait ends. */
async function untilNow(
  monitor: Monitor,
  platform: Platform,
  test: (snapshot: Snapshot) => boolean,
  timeoutMs: number,
): Promise<void> {
  const untilMs = platform.now() + timeoutMs
  // The node that passed may have failed since.
  while (await monitor.awaitSnapshot(test, untilMs - platform.now())) if (test(monitor.snapshot)) return
}
