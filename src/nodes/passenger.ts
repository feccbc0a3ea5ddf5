import type { Timer } from '../platform/platform.ts'
import type { Answered, Ride, Rider, ShareableRead } from './shareable-read.ts'
import type { TextRecord } from './shape-book.ts'

/** The lane of a passenger. */
export interface Carrier {
  answered(passenger: Passenger, error: Error | null | undefined, result: unknown): void
  /** Called when the caller of a read no longer waits for it. */
  left(): void
}

/** A read in flight on a lane. It is one object with one callback, since most reads take this path. */
export class Passenger implements Ride {
  readonly read: ShareableRead
  readonly record: TextRecord
  /** Estimated server time of the read, in milliseconds. */
  readonly costMs: number
  name: string | undefined
  timer: Timer | undefined
  readonly #carrier: Carrier
  readonly #rider: Rider
  #sentAtMs = 0
  #isAlone = false
  #isOver = false
  /** Callback for node-postgres. */
  readonly answered: Answered = (error, result) => this.#carrier.answered(this, error, result)

  constructor(carrier: Carrier, read: ShareableRead, record: TextRecord, rider: Rider) {
    this.#carrier = carrier
    this.read = read
    this.record = record
    this.costMs = record.shape.costMs
    this.#rider = rider
  }

  get sentAtMs(): number {
    return this.#sentAtMs
  }

  /** Whether no caller waits for its answer. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @param isAlone Whether it is the only read in flight. */
  sent(nowMs: number, isAlone: boolean): void {
    this.#sentAtMs = nowMs
    this.#isAlone = isAlone
  }

  /** Records the server time and the size of the answer. */
  took(ms: number, bytes: number): void {
    const { plan, shape } = this.record
    if (this.#isAlone) shape.ranAlone(ms)
    else shape.ranBehindAnother(ms)
    plan?.ran(this.name !== undefined, ms)
    shape.answeredWith(bytes)
  }

  leave(): void {
    if (this.#end()) this.#carrier.left()
  }

  /** Passes the answer to its caller. */
  answer(error: Error | null | undefined, result?: unknown): void {
    if (this.#end()) this.#rider.answered(error, result)
  }

  /** Makes its caller run the read over a lease. */
  move(): void {
    if (this.#end()) this.#rider.moved()
  }

  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.timer?.cancel()
    return true
  }
}
