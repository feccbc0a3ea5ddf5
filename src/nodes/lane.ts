import type { PoolClient } from 'pg'
import { deadline } from '../platform/deadline.ts'
import type { Platform, Timer } from '../platform/platform.ts'
import type { NamedReads } from './named-reads.ts'
import { exchange } from './exchange.ts'
import { mayHaveName, type Answered, type ShareableRead, type Ride, type Rider } from './shareable-read.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { sendRead } from './send-read.ts'
import type { TextRecord } from './shape-book.ts'

/** A lane whose first read has no answer for so long is stalled: the others go on over leases. In milliseconds. */
const STALL_MS = 50
/** How much longer it is watched before that is believed: this process may have slept, and not the server. */
const SECOND_LOOK_MS = 5
/** A lane that carried nothing for so long is given back, in milliseconds. */
const IDLE_MS = 1000

/** What node-postgres has of a connection beyond its types. */
export interface PipelinedClient {
  pipeline?: boolean
  /** Of all its queries. */
  readonly binary?: boolean
  readonly connectionParameters: { query_timeout?: number | string | false }
  readonly connection: { readonly stream: Partial<PipelinedStream> }
  query(query: object, callback: Answered): void
  on(event: 'error' | 'end', listener: (error?: Error) => void): void
  removeListener(event: 'error' | 'end', listener: (error?: Error) => void): void
  release(error?: Error | boolean): void
  ref?(): void
  unref?(): void
}

interface PipelinedStream {
  readonly bytesRead: number
  cork(): void
  uncork(): void
  destroy(): void
}

/** A read on its way. */
interface Passenger extends Ride {
  readonly read: ShareableRead
  readonly rider: Rider
  readonly record: TextRecord
  name: string | undefined
  readonly costMs: number
  sentAtMs: number
  isAlone: boolean
  /** Nobody waits for its answer. */
  isOver: boolean
  timer: Timer | undefined
}

export interface LaneOptions {
  readonly platform: Platform
  readonly named: NamedReads
  readonly statements: PreparedStatements
  /** How much work may be under way before others are preferred, in milliseconds of the server's time. */
  readonly workMs: number
  /** How many reads may be under way. */
  readonly maxInFlight: number
  readonly maxUses: number
  /** Whether an idle connection lets the process end. */
  readonly allowExitOnIdle: boolean
  /** Somebody waits for a connection. */
  readonly isWanted: () => boolean
  /** A connection that is in use has come to the end of its life. */
  readonly isExpired: () => boolean
  /** It is closed or given back. `error`: it was lost while nothing was under way. */
  readonly over: (lane: Lane, error: Error | undefined) => void
}

type State = 'open' | 'stalled' | 'closing' | 'lost' | 'over'

/** One connection that carries many proven reads at once: each has its own Sync, so that an error stays its own. */
export class Lane {
  readonly #client: PipelinedClient
  readonly #options: LaneOptions
  readonly #wasPipelined: boolean
  readonly #queryTimeout: number | string | false | undefined
  readonly #passengers: Passenger[] = []
  #state: State = 'open'
  /** Nothing of what is under way is worth waiting for: the connection is closed at the end. */
  #isSpoilt = false
  #workMs = 0
  #uses = 0
  #housekeeping = 0
  #bytesRead = 0
  /** When the last answer came. */
  #answeredAtMs = -Infinity
  /** Since when the first read has been waited for. */
  #headSinceMs = 0
  #idleSinceMs = 0
  #isCorked = false
  #isBlamed = false
  /** Nothing is under way, and the timer waits for longer than reads may. */
  #isResting = true
  #timer: Timer | undefined
  readonly #lost = (error?: Error): void => this.#loseConnection(error)

  /** @param client A leased connection of a version of node-postgres that can pipeline. The lane's until it is over. */
  constructor(client: PoolClient, options: LaneOptions) {
    this.#client = client as unknown as PipelinedClient
    this.#options = options
    const { connectionParameters, pipeline } = this.#client
    this.#wasPipelined = pipeline ?? false
    this.#queryTimeout = connectionParameters.query_timeout
    this.#client.pipeline = true
    // node-postgres' own timer destroys the connection with all that is under way.
    connectionParameters.query_timeout = false
    this.#bytesRead = this.#stream.bytesRead ?? 0
    this.#client.on('error', this.#lost)
    this.#client.on('end', this.#lost)
    this.#idleSinceMs = options.platform.now()
    this.#watch(IDLE_MS)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Whether one more read that costs this much is welcome. On an empty lane any is. */
  hasRoomFor(costMs: number): boolean {
    if (this.#state !== 'open') return false
    const count = this.#passengers.length
    return count === 0 || (count < this.#options.maxInFlight && this.#workMs + costMs <= this.#options.workMs)
  }

  ride(read: ShareableRead, record: TextRecord, rider: Rider): Ride {
    const { named, platform, statements } = this.#options
    const sentAtMs = platform.now()
    const isAlone = this.#passengers.length === 0
    const passenger: Passenger = {
      read,
      rider,
      record,
      name: mayHaveName(read, this.#client) ? named.nameFor(statements, record, read) : undefined,
      costMs: record.shape.costMs,
      sentAtMs,
      isAlone,
      isOver: false,
      timer: undefined,
      leave: () => this.#leave(passenger),
    }
    if (isAlone) this.#board(sentAtMs)
    this.#uses += 1
    this.#workMs += passenger.costMs
    this.#passengers.push(passenger)
    const timeoutMs = read.timeoutMs ?? Number(this.#queryTimeout ?? 0)
    if (timeoutMs > 0) passenger.timer = deadline(platform, timeoutMs, () => this.#timeOut(passenger))
    this.#send(passenger)
    return passenger
  }

  /** Gives the connection back at once if nothing is under way, else when that is so. */
  close(): void {
    if (this.#state === 'open' || this.#state === 'stalled') this.#state = 'closing'
    if (this.#isIdle) this.#giveBack()
  }

  /** Gives the connection back if nothing is under way. */
  yield(): void {
    if (this.#isIdle && this.#state === 'open') this.#giveBack()
  }

  get #stream(): Partial<PipelinedStream> {
    return this.#client.connection.stream
  }

  get #isIdle(): boolean {
    return this.#passengers.length === 0 && this.#housekeeping === 0
  }

  /** The first passenger is about to come in. */
  #board(nowMs: number): void {
    this.#headSinceMs = nowMs
    if (this.#options.allowExitOnIdle) this.#client.ref?.()
    if (!this.#isResting) return
    this.#timer?.cancel()
    this.#watch(STALL_MS)
  }

  #send(passenger: Passenger): void {
    this.#cork()
    const { read, name } = passenger
    sendRead(this.#client, read, name, undefined, (error, result) => this.#answered(passenger, error, result))
    this.#keepHouse()
  }

  /** What the callers of one moment send goes out together. */
  #cork(): void {
    const stream = this.#stream
    if (this.#isCorked || stream.cork === undefined) return
    this.#isCorked = true
    stream.cork()
    process.nextTick(() => {
      this.#isCorked = false
      stream.uncork?.()
    })
  }

  #keepHouse(): void {
    const before = this.#options.statements.takeDeallocations()
    if (before.length === 0) return
    this.#housekeeping += 1
    exchange(this.#client as unknown as PoolClient, { before, canPipeline: true }, () => {
      this.#housekeeping -= 1
      if (this.#isIdle) this.#idle()
    })
  }

  #answered(passenger: Passenger, error: Error | null | undefined, result: unknown): void {
    const { name, record, rider } = passenger
    this.#remove(passenger)
    if (this.#state === 'over') return
    if (this.#state === 'lost') return this.#fail(passenger, error)
    this.#measure(passenger)
    const { named, statements } = this.#options
    const isRunAgain = name !== undefined && named.heard(statements, record, name, error)
    if (!isRunAgain) this.#end(passenger, () => rider.answered(error, result))
    else if (!passenger.isOver) this.#runAgain(passenger)
    if (this.#isIdle) this.#idle()
    else this.#closeIfEmpty()
  }

  #runAgain(passenger: Passenger): void {
    if (this.#state !== 'open') return this.#end(passenger, passenger.rider.moved)
    passenger.name = undefined
    passenger.isAlone = this.#passengers.length === 0
    passenger.sentAtMs = this.#options.platform.now()
    if (passenger.isAlone) this.#headSinceMs = passenger.sentAtMs
    this.#workMs += passenger.costMs
    this.#passengers.push(passenger)
    this.#send(passenger)
  }

  #measure({ isAlone, name, record, sentAtMs }: Passenger): void {
    const nowMs = this.#options.platform.now()
    const ms = nowMs - Math.max(sentAtMs, this.#answeredAtMs)
    this.#answeredAtMs = nowMs
    this.#headSinceMs = nowMs
    const { shape, plan } = record
    if (isAlone) shape.ranAlone(ms)
    else shape.ranBehindAnother(ms)
    plan?.ran(name !== undefined, ms)
    const bytesRead = this.#stream.bytesRead ?? 0
    shape.answeredWith(bytesRead - this.#bytesRead)
    this.#bytesRead = bytesRead
  }

  #remove(passenger: Passenger): void {
    const passengers = this.#passengers
    this.#workMs = passengers.length <= 1 ? 0 : this.#workMs - passenger.costMs
    if (passengers[0] === passenger) passengers.shift()
    else passengers.splice(passengers.indexOf(passenger), 1)
  }

  #end(passenger: Passenger, tell: () => void): void {
    passenger.timer?.cancel()
    if (passenger.isOver) return
    passenger.isOver = true
    tell()
  }

  /** The connection is gone. One of its reads tells of it; the others have lost nothing but the time. */
  #fail(passenger: Passenger, error: Error | null | undefined): void {
    const { rider } = passenger
    if (passenger.isOver) return
    const isFirst = !this.#isBlamed
    this.#isBlamed = true
    this.#end(passenger, isFirst ? () => rider.answered(error) : rider.moved)
  }

  #leave(passenger: Passenger): void {
    passenger.isOver = true
    passenger.timer?.cancel()
    if (this.#state === 'closing') this.#closeIfEmpty()
  }

  #timeOut(passenger: Passenger): void {
    const isFirst = this.#passengers[0] === passenger
    this.#end(passenger, () => passenger.rider.answered(new Error('Query read timeout')))
    passenger.record.shape.heldUp()
    this.#isSpoilt = true
    if (this.#state === 'open' || this.#state === 'stalled') this.#state = 'closing'
    if (isFirst) this.#moveOthers()
    this.#closeIfEmpty()
  }

  /** A lane that is to be closed need not wait for what nobody waits for. */
  #closeIfEmpty(): void {
    if (this.#state === 'closing' && this.#passengers.every(({ isOver }) => isOver)) this.#giveBack()
  }

  #moveOthers(): void {
    for (const passenger of this.#passengers.slice(1)) this.#end(passenger, passenger.rider.moved)
  }

  #idle(): void {
    // It may be somebody else's by now.
    if (this.#state === 'lost' || this.#state === 'over') return
    this.#idleSinceMs = this.#answeredAtMs
    if (this.#state === 'stalled') this.#state = 'open'
    const isUsedUp = this.#uses >= this.#options.maxUses
    if (isUsedUp) this.#isSpoilt = true
    if (isUsedUp || this.#state === 'closing' || this.#options.isWanted()) return this.#giveBack()
    if (this.#options.allowExitOnIdle) this.#client.unref?.()
  }

  #watch(delayMs: number): void {
    if (this.#state === 'lost' || this.#state === 'over') return
    this.#isResting = delayMs > STALL_MS
    const { platform } = this.#options
    const look = (): void => this.#look()
    this.#timer = this.#isResting ? platform.schedule(delayMs, look) : deadline(platform, delayMs, look)
  }

  #look(): void {
    const nowMs = this.#options.platform.now()
    if (this.#state === 'open' && this.#options.isExpired()) this.#state = 'closing'
    if (this.#passengers.length > 0) return this.#lookAtFirst(nowMs)
    const idleMs = nowMs - this.#idleSinceMs
    const isDue = idleMs >= IDLE_MS || this.#state === 'closing' || this.#options.isWanted()
    if (this.#isIdle && isDue) return this.#giveBack()
    this.#watch(idleMs < STALL_MS ? STALL_MS : Math.max(STALL_MS, IDLE_MS - idleMs))
  }

  #lookAtFirst(nowMs: number): void {
    const sinceMs = this.#headSinceMs
    const waitedMs = nowMs - sinceMs
    if (waitedMs < STALL_MS) return this.#watch(STALL_MS - waitedMs)
    this.#timer = deadline(this.#options.platform, SECOND_LOOK_MS, () => {
      if (this.#headSinceMs === sinceMs) this.#stall()
      this.#watch(STALL_MS)
    })
  }

  #stall(): void {
    if (this.#state === 'open') this.#state = 'stalled'
    this.#passengers[0]?.record.shape.heldUp()
    this.#moveOthers()
    this.#closeIfEmpty()
  }

  #loseConnection(error: Error | undefined): void {
    if (this.#state === 'lost' || this.#state === 'over') return
    const cause = error ?? new Error('Connection terminated unexpectedly')
    const wasIdle = this.#isIdle
    this.#state = 'lost'
    this.#detach()
    this.#client.release(cause)
    this.#options.over(this, wasIdle ? cause : undefined)
  }

  #giveBack(): void {
    if (this.#state === 'lost' || this.#state === 'over') return
    const isIdle = this.#isIdle
    this.#state = 'over'
    this.#detach()
    // Otherwise it would wait for answers that nobody waits for, or whoever is next would get them.
    if (!isIdle) this.#stream.destroy?.()
    this.#client.release(this.#isSpoilt || !isIdle)
    this.#options.over(this, undefined)
  }

  #detach(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const client = this.#client
    client.pipeline = this.#wasPipelined
    client.connectionParameters.query_timeout = this.#queryTimeout ?? false
    client.removeListener('error', this.#lost)
    client.removeListener('end', this.#lost)
    if (this.#options.allowExitOnIdle) client.ref?.()
  }
}
