import type { Timer } from '../platform/platform.ts'
import type { Answered, Ride, Rider, ShareableRead } from './shareable-read.ts'
import type { TextRecord } from './shape-book.ts'

/** The lane of a passenger. */
export interface Carrier {
  answered(passenger: Passenger, error: Error | null | undefined, result: unknown): void
  /** Nobody waits for one of its reads any more. */
  left(): void
}

/** A read under way on a lane. One object, and one function for node-postgres: this is the path of most reads. */
export class Passenger implements Ride {
  readonly read: ShareableRead
  readonly record: TextRecord
  /** The cost of the read for the server, in milliseconds. */
  readonly costMs: number
  name: string | undefined
  timer: Timer | undefined
  readonly #carrier: Carrier
  readonly #rider: Rider
  #sentAtMs = 0
  #isAlone = false
  #isOver = false
  /** Handed to node-postgres. */
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

  /** Nobody waits for its answer. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** @param isAlone Whether nothing else is under way. */
  sent(nowMs: number, isAlone: boolean): void {
    this.#sentAtMs = nowMs
    this.#isAlone = isAlone
  }

  /** It has taken the server so long, and its answer has so many bytes. */
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

  /** Gives its rider the answer. */
  answer(error: Error | null | undefined, result?: unknown): void {
    if (this.#end()) this.#rider.answered(error, result)
  }

  /** Sends its rider over a lease. */
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
