import type { NodeConfig } from '../nodes/server-node.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { assemble, type ReplicaLag } from '../topology/assemble.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import { isTooFarBehind, type MaxLag } from '../topology/max-lag.ts'
import { NOTHING_REMEMBERED, remember, type Memory } from '../topology/memory.ts'
import { isOfCluster, type NodeEvent, type NodeId, type Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { standingOf } from '../topology/standing.ts'
import { nextCatchUp, type CatchUp } from './catch-up.ts'
import { firstRound } from './first-round.ts'
import { ClusterLag } from './cluster-lag.ts'
import type { Monitor } from './monitor.ts'
import {
  afterRefusalMs,
  hasChanged,
  hasOpenRole,
  intervalOf,
  jittered,
  paceOf,
  REST_AFTER_MS,
  type Pace,
} from './pace.ts'
import { ProgressWatch } from './progress-watch.ts'
import { isAsOf, Questions } from './questions.ts'
import { Usage } from './usage.ts'
import { WaitingRoom } from './waiting-room.ts'
import { WatchedNode, type WatchOptions } from './watched-node.ts'

export interface ClusterMonitorOptions {
  /** In configured order: of two names of one server, and of two clusters, the first counts. */
  readonly nodes: readonly NodeConfig[]
  readonly connect: Connect
  readonly platform: Platform
  /** Time between two probes of one node at the normal pace, in milliseconds. */
  readonly intervalMs: number
  /** Timeout of a probe, including the connection attempt, in milliseconds. */
  readonly timeoutMs: number
  readonly maxLag: MaxLag
  /** Whether any connection is leased. @defaultValue the monitor never rests */
  readonly isInUse?: () => boolean
  /** Called when the probes stop because the cluster is unused. */
  readonly onRest?: () => void
  readonly onSnapshot: (snapshot: Snapshot, previous: Snapshot) => void
}

/** Probes each node at its own pace, and builds a snapshot after every answer. */
export class ClusterMonitor implements Monitor {
  readonly questions: Questions
  readonly #options: ClusterMonitorOptions
  readonly #watchOptions: WatchOptions
  #lag = new ClusterLag()
  readonly #room: WaitingRoom
  readonly #progress: ProgressWatch
  /** Estimates of how quickly the replicas follow the primary. */
  #catchUps = new WeakMap<WatchedNode, CatchUp | undefined>()
  readonly #usage: Usage
  readonly #closings = new Set<Promise<void>>()
  #watched: readonly WatchedNode[]
  #memory: Memory = NOTHING_REMEMBERED
  #snapshot: Snapshot
  #changedAtMs = -Infinity
  #settled: Promise<void> | undefined
  #isResting = false
  #restTimer: Timer | undefined
  #isClosed = false

  constructor(options: ClusterMonitorOptions) {
    const { connect, platform, intervalMs, timeoutMs } = options
    this.#options = options
    this.#room = new WaitingRoom(platform)
    this.#progress = new ProgressWatch({
      platform,
      nodes: () => this.#watched,
      snapshot: () => this.#snapshot,
    })
    this.#usage = new Usage(() => {
      this.#restTimer?.cancel()
      this.#restTimer = undefined
      void this.refresh()
    })
    this.questions = new Questions({
      platform,
      nodes: () => (this.#isClosed ? [] : this.#watched),
      snapshot: () => this.#snapshot,
      awake: () => (this.#isResting ? this.settled() : undefined),
    })
    this.#watchOptions = {
      connect,
      platform,
      intervalMs,
      timeoutMs,
      mayBeUnflushed: () => this.questions.mayBeUnflushed,
      delayMs: (node) => this.#delayMs(node),
      onEvent: (event) => this.#apply(event),
    }
    this.#watched = options.nodes.map((config) => new WatchedNode(config, this.#watchOptions))
    this.#snapshot = this.#survey(undefined)
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get isResting(): boolean {
    return this.#isResting
  }

  settled(): Promise<void> {
    if (this.#settled === undefined) {
      const settled = this.#lookAtAll().then(() => {
        // A look that began before a restart does not count.
        if (this.#settled === settled) this.#isResting = false
      })
      this.#settled = settled
      this.#usage.note()
    }
    return this.#settled
  }

  async refresh(): Promise<void> {
    if (this.#settled === undefined && this.#isResting) return this.settled()
    await Promise.all(this.#watched.map((node) => node.look()))
  }

  async lookAt(id: NodeId): Promise<NodeView | undefined> {
    const calledAtMs = this.#options.platform.now()
    const node = this.#watched.find((each) => each.id === id)
    await node?.look()
    // A shared probe may have been sent before the call.
    if (node !== undefined && !isAsOf(node.known.state, calledAtMs)) await node.look()
    return this.#snapshot.nodes.find((each) => each.id === id)
  }

  suspect(id: NodeId, cause: Error): void {
    if (this.#settled === undefined && this.#isResting) return
    this.#watched.find((node) => node.id === id)?.suspect(cause)
  }

  awaitSnapshot(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    if (test(this.#snapshot)) return Promise.resolve(true)
    const wasEmpty = this.#room.sinceMs === undefined
    const passed = this.#room.wait(test, timeoutMs)
    void this.settled()
    if (wasEmpty) this.#hasten()
    return passed
  }

  awaitProgress(test: (snapshot: Snapshot) => boolean, timeoutMs: number): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    if (test(this.#snapshot)) return Promise.resolve(true)
    return this.#progress.wait(test, timeoutMs)
  }

  follow(): void {
    if (this.#settled !== undefined) this.#progress.follow()
  }

  reached(id: NodeId, observation: Observation): NodeView | undefined {
    const node = this.#watched.find((each) => each.id === id)
    if (node === undefined) return undefined
    const { weight } = node.known
    const server: NodeView = { id, weight, role: observation.role, state: { name: 'up', observation } }
    if (!isOfCluster(observation, this.#memory.systemIdentifier)) {
      return { ...server, exclusion: 'foreign-cluster' }
    }
    const primary = this.#watched.find((each) => each.id === this.#snapshot.primary?.id)
    const isPrimaryLate = primary?.isLate(this.#options.platform.now()) === true
    const lag = this.#lag.lagOf(observation, !isPrimaryLate)
    if (lag === undefined) return server
    const isTooFar = isTooFarBehind(false, lag, this.#lag.seenAtMs, this.#options.maxLag)
    return { ...server, lag, isTooFarBehind: isTooFar }
  }

  used(): void {
    this.#usage.note()
  }

  rest(): void {
    if (this.#isClosed || this.#settled === undefined) return
    this.#isResting = true
    this.#settled = undefined
    for (const node of this.#watched) this.#closeLater(node.rest())
    // Lag from before says nothing about the lag after it.
    this.#lag = new ClusterLag()
    this.#catchUps = new WeakMap()
    this.#apply(undefined)
    if (this.#isAwaited) return void this.settled()
    this.#progress.rest()
    this.#options.onRest?.()
  }

  setNodes(nodes: readonly NodeConfig[]): void {
    if (this.#isClosed) return
    const before = this.#watched
    this.#watched = nodes.map(
      (config) => before.find((node) => node.adopt(config)) ?? new WatchedNode(config, this.#watchOptions),
    )
    for (const node of before) if (!this.#watched.includes(node)) this.#closeLater(node.close())
    this.#apply(undefined)
    if (this.#settled === undefined) return
    for (const node of this.#watched) if (!before.includes(node)) void node.look()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#room.close()
    this.#progress.close()
    this.#restTimer?.cancel()
    await Promise.all([...this.#watched.map((node) => node.close()), ...this.#closings])
  }

  /** Probes all nodes at the start or after a rest. Does not wait for nodes that were down before the rest. */
  async #lookAtAll(): Promise<void> {
    const { platform } = this.#options
    const late = this.#watched.filter(({ wasDown }) => wasDown)
    for (const node of late) void node.look()
    const awaited = this.#watched.filter((node) => !late.includes(node))
    await firstRound(awaited.length > 0 ? awaited : late, platform, () => this.#snapshot)
  }

  /** Schedules the rest, without probes, for when the cluster has been unused for `REST_AFTER_MS`. */
  #restLater(nowMs: number): void {
    const { isInUse, platform } = this.#options
    if (isInUse === undefined || this.#restTimer !== undefined) return
    const waitMs = Math.max(0, this.#usage.usedAtMs(nowMs) + REST_AFTER_MS - nowMs)
    this.#restTimer = platform.scheduleWork(waitMs, () => {
      this.#restTimer = undefined
      const isUsed = platform.now() - this.#usage.usedAtMs(platform.now()) < REST_AFTER_MS
      // If the cluster is in use, the next slow probe schedules this again.
      if (!isUsed && !this.#isAwaited && !isInUse()) this.rest()
    })
  }

  get #isAwaited(): boolean {
    return this.#room.sinceMs !== undefined || this.#progress.isAwaited
  }

  #closeLater(closed: Promise<void>): void {
    const closing = closed.finally(() => this.#closings.delete(closing))
    this.#closings.add(closing)
  }

  /** Builds a new snapshot and publishes it. */
  #apply(event: NodeEvent | undefined): void {
    const previous = this.#snapshot
    this.#snapshot = this.#survey(event?.type === 'observed' ? event.observation : undefined)
    if (hasChanged(previous, this.#snapshot)) {
      this.#changedAtMs = this.#options.platform.now()
      if (hasOpenRole(this.#snapshot)) this.#hasten()
    }
    this.#options.onSnapshot(this.#snapshot, previous)
    this.#room.tell(this.#snapshot)
    this.#progress.tell(this.#snapshot)
  }

  /**
   * Builds the snapshot from the nodes' current states.
   *
   * @param news The newest observation. The lag clock records it if it is the primary's.
   */
  #survey(news: Observation | undefined): Snapshot {
    const nodes = this.#watched.map((node) => node.known)
    this.#memory = remember(this.#memory, nodes)
    const standing = standingOf(nodes, this.#memory)
    const [primaryId, ...rivals] = standing.writable
    const primary = rivals.length === 0 ? this.#watched.find((node) => node.id === primaryId) : undefined
    const state = primary?.known.state
    if (news !== undefined && state?.name === 'up' && state.observation === news) this.#lag.record(news)
    const isPrimaryLate = primary?.isLate(this.#options.platform.now()) === true
    const snapshot = assemble(nodes, standing, ({ id: replicaId }, replica) =>
      this.#lagOf(replicaId, replica, isPrimaryLate, replica === news),
    )
    const { newestTimeline } = this.#memory
    return newestTimeline === undefined ? snapshot : { ...snapshot, newestTimeline }
  }

  #lagOf(id: NodeId, replica: Observation, isPrimaryLate: boolean, isNews: boolean): ReplicaLag {
    const node = this.#watched.find((each) => each.id === id)
    if (node === undefined) return { lag: undefined, isTooFarBehind: false }
    // An old answer says nothing about the current lag.
    const isUnknown = node.isLate(this.#options.platform.now())
    const lag = isUnknown ? undefined : this.#lag.lagOf(replica, !isPrimaryLate)
    const { maxLag } = this.#options
    // Judged only by the replica's own observations. It may have replayed what the primary wrote after the last of
    // them.
    if (isNews) {
      node.isTooFarBehind = isTooFarBehind(node.isTooFarBehind, lag, this.#lag.seenAtMs, maxLag)
      const bounds = this.#lag.catchUpOf(replica)
      this.#catchUps.set(node, nextCatchUp(this.#catchUps.get(node), replica, bounds))
    }
    const catchUp = this.#catchUps.get(node)
    const known = lag && catchUp ? { ...lag, catchUpMs: catchUp.ms } : lag
    return { lag: known, isTooFarBehind: node.isTooFarBehind }
  }

  #delayMs(node: WatchedNode): number {
    const { platform, intervalMs } = this.#options
    const pace = this.#paceOf(node)
    if (pace === 'slow') {
      this.#usage.sleep()
      this.#restLater(platform.now())
    }
    const { state } = node.known
    if (pace !== 'slow' && state.name === 'down' && isLoginRefusal(state.cause)) {
      return jittered(afterRefusalMs(platform.now() - state.sinceMs), platform.random())
    }
    return jittered(intervalOf(pace, intervalMs), platform.random())
  }

  #paceOf(node: WatchedNode): Pace {
    const nowMs = this.#options.platform.now()
    const { state } = node.known
    return paceOf({
      nowMs,
      isInDoubt: hasOpenRole(this.#snapshot),
      changedAtMs: this.#changedAtMs,
      awaitedSinceMs: this.#room.sinceMs,
      usedAtMs: this.#usage.usedAtMs(nowMs),
      downSinceMs: state.name === 'down' ? state.sinceMs : undefined,
    })
  }

  /** Reschedules all probes to the current pace if they are due later. */
  #hasten(): void {
    if (this.#settled === undefined) return
    for (const node of this.#watched) node.hasten(this.#delayMs(node))
  }
}
