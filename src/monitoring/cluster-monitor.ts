import type { Position } from '../consistency/position.ts'
import type { Unshown } from '../consistency/unshown.ts'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { Connect } from '../platform/connect.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { assemble, type ReplicaLag } from '../topology/assemble.ts'
import { isLoginRefusal } from '../topology/login-refusal.ts'
import { isTooFarBehind, type MaxLag } from '../topology/max-lag.ts'
import { NOTHING_REMEMBERED, remember, type Memory } from '../topology/memory.ts'
import type { NodeEvent, NodeId, NodeState, Observation } from '../topology/node.ts'
import type { NodeView, Snapshot } from '../topology/snapshot.ts'
import { standingOf } from '../topology/standing.ts'
import { firstRound } from './first-round.ts'
import { LagClock } from './lag-clock.ts'
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
import { committedAmong, readCommitted, readUnfinished, UNFINISHED } from './unshown.ts'
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
  /** How long one probe may take, connecting included, in milliseconds. */
  readonly timeoutMs: number
  readonly maxLag: MaxLag
  /** Whether somebody has a connection. @defaultValue nobody ever rests */
  readonly isInUse?: () => boolean
  /** Told when nothing is probed any more, until somebody looks. */
  readonly onRest?: () => void
  readonly onSnapshot: (snapshot: Snapshot, previous: Snapshot) => void
}

/** Time between an answer of a replica that is waited for and the next question, in milliseconds. */
const PROGRESS_GAP_MS = 2

const NOTHING_UNSHOWN: Unshown = { transactions: new Map(), isCertain: true }

function isAsOf(state: NodeState, atMs: number): boolean {
  return state.name === 'up' && state.observation.sentAtMs >= atMs
}

function positionOf(observation: Observation | undefined): Position | undefined {
  if (observation?.role !== 'primary') return undefined
  const { systemIdentifier, timeline, lsn } = observation
  return timeline === undefined || lsn === undefined ? undefined : { systemIdentifier, timeline, lsn }
}

/** Probes the nodes, each at its pace, and makes a snapshot of every answer. */
export class ClusterMonitor implements Monitor {
  readonly #options: ClusterMonitorOptions
  readonly #watchOptions: WatchOptions
  #lagClock = new LagClock()
  readonly #room: WaitingRoom
  /** Those who wait for replicas to get on. */
  readonly #progressRoom: WaitingRoom
  /** Replicas that are asked, or will be in a moment. */
  readonly #followed = new Set<WatchedNode>()
  readonly #nextQuestions = new Set<Timer>()
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
    this.#progressRoom = new WaitingRoom(platform)
    this.#usage = new Usage(() => {
      this.#restTimer?.cancel()
      this.#restTimer = undefined
      void this.refresh()
    })
    this.#watchOptions = {
      connect,
      platform,
      intervalMs,
      timeoutMs,
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
      this.#settled = this.#lookAtAll()
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
    // What was in flight was asked too early.
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
    const passed = this.#progressRoom.wait(test, timeoutMs)
    // Also those that were not there when the first of all who wait came.
    for (const node of this.#watched) this.#follow(node)
    return passed
  }

  async floor(mayBeUnflushed: boolean): Promise<Position | undefined> {
    if (this.#isResting) await this.settled()
    const node = this.#watched.find(({ id }) => id === this.#snapshot.primary?.id)
    if (node === undefined || this.#isClosed) return undefined
    const askedAtMs = this.#options.platform.now()
    if (mayBeUnflushed) return positionOf(await node.inserted())
    // What is in flight was asked too early.
    while (!isAsOf(node.known.state, askedAtMs)) {
      const before = node.known.state
      await node.lookAtProgress()
      if (this.#isClosed || node.known.state.name !== 'up') return undefined
      if (node.known.state === before) return undefined
    }
    const { state } = node.known
    return state.name === 'up' ? positionOf(state.observation) : undefined
  }

  async unshown(serverIdentity: string | undefined): Promise<Unshown | undefined> {
    if (this.#isResting) await this.settled()
    const primary = this.#snapshot.primary?.state
    const primaryIdentity = primary?.name === 'up' ? primary.observation.serverIdentity : undefined
    if (primaryIdentity === undefined) return undefined
    // The server itself: it was promoted.
    if (primaryIdentity === serverIdentity) return NOTHING_UNSHOWN
    const sentAtMs = this.#options.platform.now()
    const answer = await this.#serverOf(primaryIdentity)?.ask(UNFINISHED, primaryIdentity)
    const unfinished = readUnfinished(answer, sentAtMs)
    if (unfinished === undefined || unfinished.size === 0) return unfinished && NOTHING_UNSHOWN
    if (serverIdentity !== undefined) {
      const asked = this.#serverOf(serverIdentity)?.ask(committedAmong(unfinished.keys()), serverIdentity)
      const committed = readCommitted(await asked?.catch(() => undefined))
      if (committed !== undefined) {
        const transactions = new Map([...unfinished].filter(([id]) => committed.has(id)))
        return { transactions, isCertain: true }
      }
    }
    return { transactions: unfinished, isCertain: false }
  }

  reached(id: NodeId, observation: Observation): NodeView | undefined {
    const node = this.#watched.find((each) => each.id === id)
    if (node === undefined) return undefined
    const { weight } = node.known
    const server: NodeView = { id, weight, role: observation.role, state: { name: 'up', observation } }
    if (observation.systemIdentifier !== this.#memory.systemIdentifier) {
      return { ...server, exclusion: 'foreign-cluster' }
    }
    const primary = this.#watched.find((each) => each.id === this.#snapshot.primary?.id)
    const isPrimaryLate = primary?.isLate(this.#options.platform.now()) === true
    const lag = isPrimaryLate ? undefined : this.#lagClock.lagOf(observation)
    if (lag === undefined) return server
    const isTooFar = isTooFarBehind(false, lag, this.#lagClock.seenAtMs, this.#options.maxLag)
    return { ...server, lag, isTooFarBehind: isTooFar }
  }

  used(): void {
    this.#usage.note()
  }

  setNodes(nodes: readonly NodeConfig[]): void {
    if (this.#isClosed) return
    const before = this.#watched
    this.#watched = nodes.map(
      (config) => before.find((node) => node.adopt(config)) ?? new WatchedNode(config, this.#watchOptions),
    )
    for (const node of before) if (!this.#watched.includes(node)) this.#dismiss(node)
    this.#apply(undefined)
    if (this.#settled === undefined) return
    for (const node of this.#watched) if (!before.includes(node)) void node.look()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#room.close()
    this.#progressRoom.close()
    for (const timer of this.#nextQuestions) timer.cancel()
    this.#restTimer?.cancel()
    await Promise.all([...this.#watched.map((node) => node.close()), ...this.#closings])
  }

  /** The first look, or the first after a rest: who did not answer before the rest is not waited for. */
  async #lookAtAll(): Promise<void> {
    const { platform } = this.#options
    const late = this.#watched.filter(({ wasDown }) => wasDown)
    for (const node of late) void node.look()
    const awaited = this.#watched.filter((node) => !late.includes(node))
    await firstRound(awaited.length > 0 ? awaited : late, platform, () => this.#snapshot)
    this.#isResting = false
  }

  /** Nobody has used the cluster lately: rests as soon as that has been so for long enough. */
  #restLater(nowMs: number): void {
    const { isInUse, platform } = this.#options
    if (isInUse === undefined || this.#restTimer !== undefined) return
    const waitMs = Math.max(0, this.#usage.usedAtMs(nowMs) + REST_AFTER_MS - nowMs)
    this.#restTimer = platform.schedule(waitMs, () => {
      this.#restTimer = undefined
      const isAwaited = this.#room.sinceMs !== undefined || this.#progressRoom.sinceMs !== undefined
      const isUsed = platform.now() - this.#usage.usedAtMs(platform.now()) < REST_AFTER_MS
      // The next slow probe asks again.
      if (!isUsed && !isAwaited && !isInUse()) this.#rest()
    })
  }

  /** Nothing is known any more, and nothing is asked, until somebody looks. */
  #rest(): void {
    if (this.#isClosed) return
    this.#isResting = true
    this.#settled = undefined
    for (const timer of this.#nextQuestions) timer.cancel()
    this.#nextQuestions.clear()
    this.#followed.clear()
    for (const node of this.#watched) this.#closeLater(node.rest())
    // How far a replica was behind then says nothing of now.
    this.#lagClock = new LagClock()
    this.#apply(undefined)
    this.#options.onRest?.()
  }

  #serverOf(identity: string): WatchedNode | undefined {
    return this.#watched.find(
      ({ known: { state } }) => state.name === 'up' && state.observation.serverIdentity === identity,
    )
  }

  /** Asks a replica how far it is, for as long as somebody waits. */
  #follow(node: WatchedNode): void {
    const { isBalanced, state } = node.known
    // Whom it reaches says nothing of whom others reach.
    if (isBalanced) return
    const isAwaited = !this.#isClosed && this.#progressRoom.sinceMs !== undefined
    if (!isAwaited || state.name !== 'up' || state.observation.role !== 'replica') return
    if (this.#followed.has(node)) return
    this.#followed.add(node)
    void node.lookAtProgress().then(() => {
      if (this.#isClosed) return
      const timer = this.#options.platform.schedule(PROGRESS_GAP_MS, () => {
        this.#nextQuestions.delete(timer)
        this.#followed.delete(node)
        this.#follow(node)
      })
      this.#nextQuestions.add(timer)
    })
  }

  #dismiss(node: WatchedNode): void {
    this.#closeLater(node.close())
  }

  #closeLater(closed: Promise<void>): void {
    const closing = closed.finally(() => this.#closings.delete(closing))
    this.#closings.add(closing)
  }

  /** Makes the snapshot of what the nodes are now, and lets it be known. */
  #apply(event: NodeEvent | undefined): void {
    const previous = this.#snapshot
    this.#snapshot = this.#survey(event?.type === 'observed' ? event.observation : undefined)
    if (hasChanged(previous, this.#snapshot)) {
      this.#changedAtMs = this.#options.platform.now()
      if (hasOpenRole(this.#snapshot)) this.#hasten()
    }
    this.#options.onSnapshot(this.#snapshot, previous)
    this.#room.tell(this.#snapshot)
    this.#progressRoom.tell(this.#snapshot)
  }

  /**
   * The snapshot of what the nodes are now.
   *
   * @param news What a probe has just seen: the lag clock counts it if it was the primary.
   */
  #survey(news: Observation | undefined): Snapshot {
    const nodes = this.#watched.map((node) => node.known)
    this.#memory = remember(this.#memory, nodes)
    const standing = standingOf(nodes, this.#memory)
    const [primaryId, ...rivals] = standing.writable
    const primary = rivals.length === 0 ? this.#watched.find((node) => node.id === primaryId) : undefined
    const state = primary?.known.state
    if (news !== undefined && state?.name === 'up' && state.observation === news) this.#lagClock.record(news)
    const isPrimaryLate = primary?.isLate(this.#options.platform.now()) === true
    return assemble(nodes, standing, ({ id: replicaId }, replica) =>
      this.#lagOf(replicaId, replica, isPrimaryLate, replica === news),
    )
  }

  #lagOf(id: NodeId, replica: Observation, isPrimaryLate: boolean, isNews: boolean): ReplicaLag {
    const node = this.#watched.find((each) => each.id === id)
    if (node === undefined) return { lag: undefined, isTooFarBehind: false }
    // An answer from long ago says nothing of the present: neither that it lags nor that it does not.
    const isUnknown = isPrimaryLate || node.isLate(this.#options.platform.now())
    const lag = isUnknown ? undefined : this.#lagClock.lagOf(replica)
    const { maxLag } = this.#options
    // Judged by its own news only: what the primary wrote since the replica was asked, it may long have replayed.
    if (isNews) {
      node.isTooFarBehind = isTooFarBehind(node.isTooFarBehind, lag, this.#lagClock.seenAtMs, maxLag)
    }
    return { lag, isTooFarBehind: node.isTooFarBehind }
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

  /** What was put off at a slower pace comes at the present one. */
  #hasten(): void {
    if (this.#settled === undefined) return
    for (const node of this.#watched) node.hasten(this.#delayMs(node))
  }
}
