import type { PoolClient } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Platform } from '../platform/platform.ts'
import { LaneQueue } from './lane-queue.ts'
import { OPEN, transition, type LaneEvent, type LaneState } from './lane-state.ts'
import { IDLE_MS, LaneWatch } from './lane-watch.ts'
import type { NamedReads } from './named-reads.ts'
import { Passenger, type Carrier } from './passenger.ts'
import { PipelinedConnection } from './pipelined-connection.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { mayHaveName, type Ride, type Rider, type ShareableRead } from './shareable-read.ts'
import type { TextRecord } from './shape-book.ts'

export interface LaneLimits {
  /** Maximum work in flight before other lanes are preferred, in milliseconds of server time. */
  readonly workMs: number
  /** Maximum number of reads in flight. */
  readonly maxInFlight: number
  readonly maxUses: number
  /** Whether an idle connection allows the process to exit. */
  readonly allowExitOnIdle: boolean
}

/** The pool of a lane's connection. */
export interface LanePool {
  /** Whether a caller waits for a connection. */
  readonly isWanted: () => boolean
  /** Whether the connection has exceeded its maximum lifetime. */
  readonly isExpired: () => boolean
}

export interface LaneOptions {
  readonly platform: Platform
  readonly named: NamedReads
  readonly statements: PreparedStatements
  readonly limits: LaneLimits
  readonly pool: LanePool
  /** Called when the lane is closed or returned. `error`: its connection was lost while it was empty. */
  readonly over: (lane: Lane, error: Error | undefined) => void
}

/**
 * One connection that carries many proven reads at once: each has its own Sync, so that an error affects only one read.
 */
export class Lane implements Carrier {
  readonly #options: LaneOptions
  readonly #connection: PipelinedConnection
  readonly #watch: LaneWatch
  readonly #queue: LaneQueue
  #state: LaneState = OPEN
  #uses = 0

  /**
   * @param client A leased connection of a version of node-postgres that can pipeline. The lane owns it until it is
   * over.
   */
  constructor(client: PoolClient, options: LaneOptions) {
    this.#options = options
    this.#connection = new PipelinedConnection(client, options.statements, {
      lost: (error) => this.#lose(error),
      tidied: () => this.#emptied(),
    })
    this.#watch = new LaneWatch(options.platform, {
      looked: () => {
        if (this.isOpen && options.pool.isExpired()) this.#apply('closes')
      },
      stalled: () => this.#stall(),
      rested: (idleMs) => {
        const isDue = idleMs >= IDLE_MS || this.#state.name === 'closing' || options.pool.isWanted()
        if (this.#isEmpty && isDue) this.#giveBack()
      },
    })
    this.#queue = new LaneQueue(this.#watch)
  }

  get isOpen(): boolean {
    return this.#state.name === 'open'
  }

  /** Whether reads are in flight. */
  get isCarrying(): boolean {
    return this.#queue.length > 0
  }

  /** Whether the lane has room for a read of this cost. An empty lane accepts any. */
  hasRoomFor(costMs: number): boolean {
    if (this.#state.name !== 'open') return false
    const { length, workMs } = this.#queue
    const { limits } = this.#options
    return length === 0 || (length < limits.maxInFlight && workMs + costMs <= limits.workMs)
  }

  ride(read: ShareableRead, record: TextRecord, rider: Rider): Ride {
    const { limits, named, platform, statements } = this.#options
    const passenger = new Passenger(this, read, record, rider)
    if (mayHaveName(read, this.#connection)) passenger.name = named.nameFor(statements, record, read)
    const timeoutMs = read.timeoutMs ?? this.#connection.queryTimeoutMs
    if (timeoutMs > 0) passenger.timer = deadline(platform, timeoutMs, () => this.#timeOut(passenger))
    if (limits.allowExitOnIdle && this.#queue.length === 0) this.#connection.keepsAlive(true)
    this.#uses += 1
    this.#queue.add(passenger, platform.now())
    this.#connection.send(read, passenger.name, passenger.answered)
    return passenger
  }

  /** Returns the connection as soon as no read is in flight. */
  close(): void {
    this.#apply('closes')
    if (this.#isEmpty) this.#giveBack()
  }

  /** Returns the connection if no read is in flight. */
  yield(): void {
    if (this.#isEmpty && this.isOpen) this.#giveBack()
  }

  answered(passenger: Passenger, error: Error | null | undefined, result: unknown): void {
    const ms = this.#queue.remove(passenger, this.#options.platform.now())
    if (this.#state.name === 'over') return
    if (this.#state.name === 'lost') return this.#fail(passenger, this.#state.isTold, error)
    passenger.took(ms, this.#connection.takeBytesRead())
    const { named, statements } = this.#options
    const { name, record } = passenger
    const isOfName = name !== undefined && named.heard(statements, record, name, error)
    if (!isOfName) passenger.answer(error, result)
    else if (this.isOpen) this.#runAgain(passenger)
    else passenger.move()
    if (this.#isEmpty) this.#emptied()
    else this.left()
  }

  /** Closes a closing lane when no caller waits for its reads. */
  left(): void {
    if (this.#state.name === 'closing' && this.#queue.isForNobody) this.#giveBack()
  }

  /** Whether nothing is in flight. */
  get #isEmpty(): boolean {
    return this.#queue.length === 0 && !this.#connection.isTidying
  }

  /** Whether the lane has lost or returned its connection. */
  get #isOver(): boolean {
    return this.#state.name === 'lost' || this.#state.name === 'over'
  }

  #apply(event: LaneEvent): void {
    this.#state = transition(this.#state, event)
  }

  /** Sends a read again without its name. */
  #runAgain(passenger: Passenger): void {
    if (passenger.isOver) return
    passenger.name = undefined
    this.#queue.add(passenger, this.#options.platform.now())
    this.#connection.send(passenger.read, undefined, passenger.answered)
  }

  /** Handles the loss of the connection: the first read fails with the error, and the others run elsewhere. */
  #fail(passenger: Passenger, isTold: boolean, error: Error | null | undefined): void {
    if (passenger.isOver) return
    this.#apply('tells')
    if (isTold) passenger.move()
    else passenger.answer(error)
  }

  #timeOut(passenger: Passenger): void {
    const isFirst = this.#queue.first === passenger
    passenger.answer(new Error('Query read timeout'))
    passenger.record.shape.heldUp()
    this.#apply('spoils')
    if (isFirst) this.#queue.moveOthers()
    this.left()
  }

  #stall(): void {
    this.#apply('stalls')
    this.#queue.first?.record.shape.heldUp()
    this.#queue.moveOthers()
    this.left()
  }

  /** Returns an empty lane to the open state, or returns its connection. */
  #emptied(): void {
    // The connection may have been returned, or carry reads again.
    if (!this.#isEmpty || this.#isOver) return
    const { limits, pool } = this.#options
    this.#apply(this.#uses >= limits.maxUses ? 'spoils' : 'empties')
    if (this.#state.name === 'closing' || pool.isWanted()) this.#giveBack()
    else if (limits.allowExitOnIdle) this.#connection.keepsAlive(false)
  }

  #lose(error: Error = new Error('Connection terminated unexpectedly')): void {
    const wasEmpty = this.#isEmpty
    this.#end('loses-connection', error, false, wasEmpty ? error : undefined)
  }

  #giveBack(): void {
    // The remaining answers would delay the connection, or reach its next holder.
    const isCut = !this.#isEmpty
    const isSpoilt = this.#state.name === 'closing' && this.#state.isSpoilt
    this.#end('gives-back', isSpoilt || isCut, isCut)
  }

  #end(event: LaneEvent, error: Error | boolean, isCut: boolean, lostIdle?: Error): void {
    if (this.#isOver) return
    this.#apply(event)
    this.#watch.end()
    if (this.#options.limits.allowExitOnIdle) this.#connection.keepsAlive(true)
    this.#connection.release(error, isCut)
    this.#options.over(this, lostIdle)
  }
}
