import type { Client } from 'pg'
import type { NodeConfig } from '../nodes/server-node.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { assemble, clusterIdentifier } from '../topology/assemble.ts'
import { PENDING, transition } from '../topology/node.ts'
import type { NodeEvent, NodeId, NodeState, Observation } from '../topology/node.ts'
import type { Lag, Snapshot } from '../topology/snapshot.ts'
import { LagClock } from './lag-clock.ts'
import type { Monitor } from './monitor.ts'
import { NodeProbe } from './node-probe.ts'

export interface ClusterMonitorOptions {
  readonly nodes: readonly NodeConfig[]
  readonly ClientClass: typeof Client
  readonly platform: Platform
  /** Time between two probes of one node, in milliseconds. */
  readonly intervalMs: number
  /** How long one probe may take, connecting included, in milliseconds. */
  readonly timeoutMs: number
  readonly onSnapshot: (snapshot: Snapshot, previous: Snapshot) => void
}

/** How long the first decision waits for the other nodes once the primary has answered, in milliseconds. */
const GRACE_MS = 500
/** Probes are spread by this share of the interval, so that many processes do not ask in step. */
const JITTER = 0.2

interface Watched {
  readonly config: NodeConfig
  readonly probe: NodeProbe
  state: NodeState
  timer: Timer | undefined
  /** When its connection was last lost. */
  lostAtMs: number
}

export class ClusterMonitor implements Monitor {
  readonly #options: ClusterMonitorOptions
  readonly #watched: readonly Watched[]
  readonly #lagClock = new LagClock()
  #systemIdentifier: string | undefined
  /** Of the primary that the lag clock follows. */
  #timeline: number | undefined
  #snapshot: Snapshot
  #settled: Promise<void> | undefined
  #closed = false

  constructor(options: ClusterMonitorOptions) {
    this.#options = options
    this.#watched = options.nodes.map((config): Watched => {
      const onLost = (cause: Error): void => this.#lost(config.id, cause)
      const probe = new NodeProbe(
        config.options,
        options.ClientClass,
        options.platform,
        options.timeoutMs,
        onLost,
      )
      return { config, probe, state: PENDING, timer: undefined, lostAtMs: -Infinity }
    })
    this.#snapshot = this.#assemble()
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  start(): void {
    this.#settled ??= this.#firstRound()
  }

  settled(): Promise<void> {
    this.start()
    return this.#settled ?? Promise.resolve()
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#watched.map((node) => this.#look(node)))
  }

  suspect(id: NodeId): void {
    const node = this.#watched.find(({ config }) => config.id === id)
    if (node !== undefined) void this.#look(node)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const node of this.#watched) node.timer?.cancel()
    await Promise.all(this.#watched.map(({ probe }) => probe.close()))
  }

  #firstRound(): Promise<void> {
    const { platform } = this.#options
    return new Promise((resolve) => {
      let grace: Timer | undefined
      const looks = this.#watched.map(async (node) => {
        await this.#look(node)
        if (this.#primaryIsCertain()) grace ??= platform.schedule(GRACE_MS, resolve)
      })
      void Promise.all(looks).then(() => {
        grace?.cancel()
        resolve()
      })
    })
  }

  /** Until a node that comes first in the configuration has spoken, it may turn out to be the one that counts. */
  #primaryIsCertain(): boolean {
    const found = this.#watched.findIndex(({ config }) => config.id === this.#snapshot.primary?.id)
    return found >= 0 && this.#watched.slice(0, found).every(({ state }) => state.name !== 'pending')
  }

  /** Probes one node now, and again an interval later. Never rejects. */
  async #look(node: Watched): Promise<void> {
    if (this.#closed) return
    node.timer?.cancel()
    const event = await node.probe.probe().then(
      (observation): NodeEvent => ({ type: 'observed', observation }),
      (cause: Error): NodeEvent => ({ type: 'failed', cause, atMs: this.#options.platform.now() }),
    )
    if (this.#closed) return
    this.#apply(node, event)
    node.timer?.cancel()
    node.timer = this.#options.platform.schedule(this.#nextDelayMs(), () => void this.#look(node))
  }

  #nextDelayMs(): number {
    const { intervalMs, platform } = this.#options
    return intervalMs * (1 - JITTER * platform.random())
  }

  /** The connection broke while nothing was asked: the server may have gone, so it serves nothing until it answers. */
  #lost(id: NodeId, cause: Error): void {
    const node = this.#watched.find(({ config }) => config.id === id)
    if (node === undefined || this.#closed) return
    const { platform, intervalMs } = this.#options
    const nowMs = platform.now()
    this.#apply(node, { type: 'failed', cause, atMs: nowMs })
    // A server that hangs up again and again is not chased: its next probe comes with the interval.
    if (nowMs - node.lostAtMs >= intervalMs) void this.#look(node)
    node.lostAtMs = nowMs
  }

  #apply(node: Watched, event: NodeEvent): void {
    node.state = transition(node.state, event)
    const previous = this.#snapshot
    this.#snapshot = this.#assemble()
    const primary = this.#snapshot.primary?.state
    if (event.type === 'observed' && primary?.name === 'up' && primary.observation === event.observation) {
      this.#lagClock.record(event.observation)
      this.#timeline = event.observation.timeline
      this.#snapshot = this.#assemble()
    }
    this.#options.onSnapshot(this.#snapshot, previous)
  }

  #lagOf({ lsn, timeline }: Observation): Lag | undefined {
    // Positions on different branches of history cannot be compared.
    if (lsn === undefined || timeline === undefined || timeline !== this.#timeline) return undefined
    return this.#lagClock.lagAt(lsn)
  }

  #assemble(): Snapshot {
    const nodes = this.#watched.map(({ config, state }) => ({ id: config.id, weight: config.weight, state }))
    // Held for good once everybody had the chance to answer: from then on another cluster's server is a stranger.
    const systemIdentifier = this.#systemIdentifier ?? clusterIdentifier(nodes)
    if (nodes.every(({ state }) => state.name !== 'pending')) this.#systemIdentifier = systemIdentifier
    return assemble(nodes, systemIdentifier, (replica) => this.#lagOf(replica))
  }
}
