import { ServerBackend } from './backend.ts'
import type { BackendTransaction } from './backend-transaction.ts'
import type { Backend, Channel, Host } from './network.ts'
import type { Pace } from './pace.ts'
import type { Random } from './random.ts'
import type { Statement } from './statements.ts'
import type { VirtualTime } from './virtual-time.ts'
import { FIRST_RECORD, isPrefix, recordAfter, type Change, type State, type WalRecord } from './wal.ts'

/** What is the same for all servers of a cluster. */
export interface ClusterParts {
  /** Distinguishes the servers of one schedule from those of others: the library remembers databases. */
  readonly name: string
  readonly time: VirtualTime
  readonly random: Random
  readonly servers: readonly Server[]
  readonly maxConnections: number
  /** Whether commits wait until all connected replicas have applied them (`synchronous_commit = remote_apply`). */
  readonly isSynchronous: boolean
  /** Returns the pace of a server. */
  paceOf(server: Server, random: Random): Pace
  /** Returns a statement of the workload by its text. */
  statementOf(text: string): Statement | undefined
  trace(line: string): void
  /** Told each commit when it is in the WAL of a primary. */
  committed(server: Server, record: WalRecord): void
}

/** A row lock, and those who wait for it. */
interface Lock {
  readonly owner: BackendTransaction
  readonly waiting: (() => void)[]
}

/** A transaction that has changed something, and is not over. */
interface OpenTransaction {
  readonly xid: bigint
  readonly sinceMs: number
}

/**
 * A simulated PostgreSQL server: a primary, or a standby that streams and replays the WAL of another server.
 *
 * A commit is inserted, flushed, and then visible; only what is flushed is streamed, so a replica may show a commit before
 * its primary does. Replay shows a commit before it moves the replay position.
 */
export class Server implements Host {
  readonly name: string
  readonly cluster: ClusterParts
  readonly pace: Pace
  readonly #random: Random
  /** Distinguishes one start of the server from another one. */
  start = 1
  isRunning = true
  /** Nothing answers, not even to say that nothing listens. */
  isVanished = false
  /** Stopped by a signal: the kernel accepts connections, and nothing else happens. */
  isFrozen = false
  /** New connections are refused. */
  isRefusing = false
  /** Absent on a primary. */
  upstream: Server | undefined
  /** Whether the replication stream is cut. */
  isCut = false
  isPaused = false
  /** Additional replay lag, in milliseconds. */
  extraLagMs = 0
  /** Factor of the time that a statement takes. */
  slowness = 1
  timeline = 1
  wal: WalRecord[] = [FIRST_RECORD]
  /** Number of records that are flushed, that statements see, and that the replay position covers. */
  flushed = 1
  visible = 1
  replayed = 1
  /** Number of records from which replay starts after a crash. */
  #restartFrom = 1
  readonly backends: Set<ServerBackend> = new Set()
  readonly locks: Map<string, Lock> = new Map()
  readonly transactions: Map<bigint, OpenTransaction> = new Map()
  #nextXid = 800n
  #lastCompletedXid = 799n
  #replaying = false
  #receiving = false
  readonly #unshown: { readonly index: number; readonly shown: () => void }[] = []
  readonly #whenThawed: (() => void)[] = []

  constructor(name: string, cluster: ClusterParts, upstream?: Server) {
    this.name = name
    this.cluster = cluster
    this.#random = cluster.random.fork(`server ${name}`)
    this.upstream = upstream
    this.pace = cluster.paceOf(this, this.#random)
  }

  get isStandby(): boolean {
    return this.upstream !== undefined
  }

  /** The rows that a new snapshot sees. */
  get state(): State {
    return this.#at(this.visible).state
  }

  get flushedLsn(): bigint {
    return this.#at(this.flushed).lsn
  }

  get insertedLsn(): bigint {
    return this.#at(this.wal.length).lsn
  }

  get replayedLsn(): bigint {
    return this.#at(this.replayed).lsn
  }

  get isStreaming(): boolean {
    const { upstream } = this
    return (
      upstream !== undefined &&
      this.isRunning &&
      !this.isCut &&
      upstream.isRunning &&
      !upstream.isVanished &&
      !upstream.isFrozen &&
      isPrefix(this.wal, upstream.wal)
    )
  }

  /** Identifies this start of this server. */
  get identity(): string {
    return `${this.start}.${this.name}.${this.cluster.name}`
  }

  accept(channel: Channel): Backend | 'refused' | undefined {
    if (this.isVanished) return undefined
    if (!this.isRunning || this.isRefusing) return 'refused'
    const backend = new ServerBackend(this, channel, this.#random.fork(`backend ${this.start}`))
    this.backends.add(backend)
    return backend
  }

  /** Calls back after so much time in which the server ran, unless it has ended. */
  later(delayMs: number, callback: () => void): void {
    const { start } = this
    this.cluster.time.outside(delayMs, () => {
      if (this.start !== start || !this.isRunning) return
      if (this.isFrozen) this.#whenThawed.push(callback)
      else callback()
    })
  }

  freeze(): void {
    this.isFrozen = true
  }

  thaw(): void {
    this.isFrozen = false
    for (const callback of this.#whenThawed.splice(0)) this.later(0.01, callback)
    this.pump()
    for (const each of this.cluster.servers) if (each.upstream === this) each.pump()
  }

  /** Begins to change something: an id, and the start of the statement. */
  beginTransaction(): OpenTransaction {
    const transaction = { xid: this.#nextXid, sinceMs: this.cluster.time.nowMs }
    this.#nextXid += 1n
    this.transactions.set(transaction.xid, transaction)
    return transaction
  }

  endTransaction(xid: bigint): void {
    this.transactions.delete(xid)
    if (xid > this.#lastCompletedXid) this.#lastCompletedXid = xid
  }

  get xmax(): bigint {
    return this.#lastCompletedXid + 1n
  }

  get nextXid(): bigint {
    return this.#nextXid
  }

  /** Inserts WAL that changes no row: other work of the server, which nobody flushes for now. */
  insertOther(): void {
    if (this.isStandby || !this.isRunning) return
    this.#insert([], undefined)
    // The background writer flushes it at some time.
    this.later(this.#random.between(1, 200), () => this.#flush(this.wal.length))
  }

  /** Commits, and calls back when the commit is visible and acknowledged. */
  commit(changes: readonly Change[], xid: bigint, acknowledged: () => void): void {
    const record = this.#insert(changes, xid)
    const index = this.wal.length
    this.cluster.committed(this, record)
    this.later(this.pace.flush(), () => {
      this.#flush(index)
      const show = (): void => {
        this.#unshown.push({
          index,
          shown: () => {
            this.endTransaction(xid)
            acknowledged()
          },
        })
        this.#showCommits()
      }
      const afterMs = this.pace.show()
      if (this.cluster.isSynchronous) this.#whenApplied(record, index, show)
      else this.later(afterMs, show)
    })
  }

  /** Receives and replays what is due. */
  pump(): void {
    this.#receive()
    this.#replay()
  }

  pauseReplay(isPaused: boolean): void {
    this.isPaused = isPaused
    this.#replay()
  }

  /** kill -9, or a fast shutdown. */
  stop(how: 'killed' | 'fast' | 'vanished'): void {
    if (!this.isRunning) return
    this.isRunning = false
    this.start += 1
    this.isVanished = how === 'vanished'
    this.isFrozen = false
    this.#replaying = this.#receiving = false
    this.#whenThawed.length = 0
    this.#unshown.length = 0
    this.transactions.clear()
    this.locks.clear()
    // What was not flushed is lost.
    if (!this.isStandby) this.wal.length = Math.min(this.wal.length, this.flushed)
    if (how === 'fast') this.#restartFrom = this.visible
    const backends = [...this.backends]
    this.backends.clear()
    for (const backend of backends) backend.cut(how)
    for (const each of this.cluster.servers) if (each.upstream === this) each.pump()
  }

  /** Starts again with what it has on disk. */
  startAgain(): void {
    if (this.isRunning) return
    this.isRunning = true
    this.isVanished = false
    if (this.isStandby) {
      this.visible = this.replayed = Math.min(this.visible, this.#restartFrom)
      this.flushed = this.wal.length
    } else {
      this.flushed = this.visible = this.replayed = this.wal.length
    }
    this.#nextXid += 100n
    this.pump()
    for (const each of this.cluster.servers) if (each.upstream === this) each.pump()
  }

  /** Ends recovery: it replays what it has received, and takes writes on a new timeline. */
  promote(timeline: number): void {
    this.upstream = undefined
    this.isPaused = false
    this.timeline = timeline
    this.flushed = this.visible = this.replayed = this.wal.length
    for (const { xid } of this.wal) if (xid !== undefined && xid >= this.#nextXid) this.#nextXid = xid + 1n
    this.#lastCompletedXid = this.#nextXid - 1n
    this.#insert([], undefined)
    this.#flush(this.wal.length)
    this.visible = this.replayed = this.flushed
  }

  /** Follows another server. What it has beyond the fork is thrown away, which needs a restart. */
  follow(upstream: Server): void {
    if (upstream === this) return
    const isRewound = !this.isStandby || !isPrefix(this.wal, upstream.wal)
    if (isRewound) {
      this.stop('fast')
      this.wal = upstream.wal.slice(0, upstream.flushed)
      this.visible = this.replayed = this.flushed = this.#restartFrom = this.wal.length
      this.timeline = upstream.timeline
    }
    this.upstream = upstream
    if (isRewound) this.startAgain()
    this.pump()
  }

  /** A restart point of a replica: replay starts from here after a crash. */
  checkpoint(): void {
    this.#restartFrom = this.visible
  }

  #at(count: number): WalRecord {
    const record = this.wal[count - 1]
    if (record === undefined) throw new Error(`${this.name} has no record ${count}`)
    return record
  }

  #insert(changes: readonly Change[], xid: bigint | undefined): WalRecord {
    const bytes = 0x40 + 8 * this.#random.below(32)
    const record = recordAfter(this.#at(this.wal.length), { timeline: this.timeline, bytes, changes, xid })
    this.wal.push(record)
    return record
  }

  #flush(index: number): void {
    if (index <= this.flushed) return
    this.flushed = index
    this.#showCommits()
    for (const each of this.cluster.servers) if (each.upstream === this) each.pump()
  }

  /** Commits become visible in the order of the WAL. */
  #showCommits(): void {
    this.#unshown.sort((a, b) => a.index - b.index)
    for (;;) {
      while (this.visible < this.flushed && this.wal[this.visible]?.xid === undefined) this.visible += 1
      const [next] = this.#unshown
      if (next === undefined || next.index !== this.visible + 1) return
      this.#unshown.shift()
      this.visible += 1
      next.shown()
    }
  }

  #whenApplied(record: WalRecord, index: number, show: () => void): void {
    const isPending = this.cluster.servers.some(
      (each) =>
        each.upstream === this &&
        each.isStreaming &&
        (each.replayed < index || each.wal[index - 1] !== record),
    )
    if (isPending) this.later(0.3, () => this.#whenApplied(record, index, show))
    else this.later(0.1, show)
  }

  #receive(): void {
    const { upstream } = this
    if (this.#receiving || upstream === undefined || !this.isStreaming || this.wal.length >= upstream.flushed)
      return
    this.#receiving = true
    this.later(this.pace.receive(), () => {
      this.#receiving = false
      if (this.upstream !== upstream || !this.isStreaming) return
      for (let at = this.wal.length; at < upstream.flushed; at++) this.wal.push(upstream.wal[at] as WalRecord)
      this.flushed = this.wal.length
      this.timeline = Math.max(this.timeline, upstream.timeline)
      this.#replay()
      // Cascading replicas, and what has been flushed meanwhile.
      for (const each of this.cluster.servers) if (each.upstream === this) each.pump()
      this.#receive()
    })
  }

  #replay(): void {
    if (this.#replaying || !this.isStandby || !this.isRunning || this.isPaused) return
    if (this.replayed >= this.wal.length) return
    this.#replaying = true
    const next = this.#at(this.replayed + 1)
    this.later(this.pace.replay(next, this.wal.length - this.replayed), () => {
      if (this.isPaused || !this.isStandby) {
        this.#replaying = false
        return
      }
      this.visible = this.replayed + 1
      // Redo shows a commit before it moves the position.
      this.later(this.pace.cover(), () => {
        this.#replaying = false
        this.replayed = this.visible
        this.#replay()
      })
    })
  }
}
