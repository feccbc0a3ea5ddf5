import type { RouterEventEmitter } from '../observability/events.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import type { PoolStats } from '../observability/stats.ts'
import type { Role } from '../topology/node.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import { listenForChanges, type Change } from './changes.ts'
import type { WaitingStatement } from '../observability/tracer.ts'
import {
  nodeRows,
  reasonRows,
  sampledNodes,
  waitingRows,
  type DashboardData,
  type PoolFigures,
} from './data.ts'
import { Durations, Latest } from './latest.ts'
import { NodeHistory } from './node-history.ts'
import { isDelayed, isTroubled, statementRow } from './statement-row.ts'

/** The parts of a pool that a collector needs. */
export interface CollectedPool extends PoolFigures {
  readonly events: RouterEventEmitter
  /** True once `end()` was called. */
  readonly ending: boolean
}

/** The parts of a pool that its class does not show. */
export interface PoolInside {
  /** False for a pool of one node. */
  readonly isRouted: boolean
  /** Returns the statements that wait at this moment. */
  waiting(): readonly WaitingStatement[]
}

const SAMPLE_MS = 1_000
/** How long it goes on without viewers. */
const LINGER_MS = 60_000
const MOST_STATEMENTS = 20
const MOST_NOTABLE = 10
const MOST_CHANGES = 20

interface Ended {
  readonly execution: QueryExecution
  readonly atMs: number
}

/** Events and samples since the first look. Their number is bounded. */
class Records {
  readonly history = new NodeHistory()
  readonly latest = new Latest<Ended>(MOST_STATEMENTS)
  /** Apart from those that failed, which these would push out. */
  readonly delayed = new Latest<Ended>(MOST_NOTABLE)
  readonly troubled = new Latest<Ended>(MOST_NOTABLE)
  readonly changes = new Latest<Change>(MOST_CHANGES)
  /** By role. */
  readonly durations: ReadonlyMap<string, Durations>

  constructor(roles: readonly Role[]) {
    this.durations = new Map(roles.map((role) => [role, new Durations()]))
  }
}

/** Collects what the page shows, while it has viewers and for a minute after. */
export class Collector {
  readonly #pool: CollectedPool
  readonly #platform: Platform
  readonly #title: string
  readonly #inside: PoolInside
  readonly #roles: readonly Role[]
  #records: Records
  #stats: PoolStats
  #data: DashboardData | undefined
  #timer: Timer | undefined
  #unlisten: (() => void) | undefined
  #lookedAtMs = 0
  #changeId = 0

  constructor(pool: CollectedPool, platform: Platform, title: string, inside: PoolInside) {
    this.#inside = inside
    this.#roles = inside.isRouted ? ['primary', 'replica'] : ['unknown']
    this.#records = new Records(this.#roles)
    this.#pool = pool
    this.#platform = platform
    this.#title = title
    this.#stats = pool.stats()
  }

  /** Whether it listens to the pool. */
  get isOn(): boolean {
    return this.#unlisten !== undefined
  }

  /** Returns what the page shows now. */
  look(): DashboardData {
    this.#lookedAtMs = this.#platform.now()
    if (this.#pool.ending) this.#stop()
    else if (!this.isOn) this.#start()
    this.#data ??= this.#dataNow()
    return this.#data
  }

  #start(): void {
    const { events } = this.#pool
    events.on('execution', this.#ended)
    const unlisten = listenForChanges(events, this.#changed)
    this.#unlisten = () => {
      events.off('execution', this.#ended)
      unlisten()
    }
    this.#sample()
  }

  #stop(): void {
    this.#timer?.cancel()
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#records = new Records(this.#roles)
    this.#data = undefined
  }

  readonly #sample = (): void => {
    const nowMs = this.#platform.now()
    if (this.#pool.ending || nowMs - this.#lookedAtMs >= LINGER_MS) return this.#stop()
    this.#stats = this.#pool.stats()
    this.#records.history.sample(sampledNodes(this.#pool, this.#stats, this.#inside.isRouted), nowMs)
    this.#data = undefined
    this.#timer = this.#platform.scheduleWork(SAMPLE_MS, this.#sample)
  }

  readonly #ended = (execution: QueryExecution): void => {
    const { durations, latest, troubled, delayed } = this.#records
    const ended = { execution, atMs: this.#platform.wallNowMs() }
    latest.add(ended)
    if (isTroubled(execution)) troubled.add(ended)
    else if (isDelayed(execution)) delayed.add(ended)
    const { durationMs, role } = execution
    if (role !== undefined && durationMs !== undefined) durations.get(role)?.add(durationMs)
  }

  readonly #changed = (what: string): void => {
    this.#changeId += 1
    this.#records.changes.add({ id: this.#changeId, atMs: this.#platform.wallNowMs(), what })
  }

  #dataNow(): DashboardData {
    const { changes, durations, history, latest, troubled, delayed } = this.#records
    const { catalog, offload, reads, traffic } = this.#stats
    const rows = (entries: readonly Ended[]): DashboardData['latest'] =>
      entries.map(({ atMs, execution }) => statementRow(execution, atMs))
    const notable = [...delayed.all(), ...troubled.all()].toSorted((a, b) => b.atMs - a.atMs)
    return {
      title: this.#title,
      atMs: this.#platform.wallNowMs(),
      isRouted: this.#inside.isRouted,
      hasEnded: this.#pool.ending,
      catalog,
      nodes: nodeRows(this.#pool, this.#stats, history, this.#inside.isRouted),
      traffic: {
        selects: traffic?.selects ?? 0,
        offload: traffic?.offload ?? 0,
        reads,
        readOffload: offload,
      },
      latencies: [...durations].map(([role, each]) => ({ role, ...each.report() })),
      waiting: waitingRows(this.#inside.waiting()),
      latest: rows(latest.newestFirst()),
      notable: rows(notable),
      reasons: reasonRows(this.#stats),
      onPrimary: traffic?.onPrimary ?? [],
      changes: changes.newestFirst(),
    }
  }
}
