import type { LaneWatch } from './lane-watch.ts'
import type { Passenger } from './passenger.ts'

/** The reads in flight on one connection, in the order in which they were sent. */
export class LaneQueue {
  readonly #watch: Pick<LaneWatch, 'waits' | 'rests'>
  readonly #passengers: Passenger[] = []
  #workMs = 0
  /** When the last answer arrived. */
  #answeredAtMs = -Infinity

  /** @param watch Informed when the first read starts to wait, and when the queue is empty. */
  constructor(watch: Pick<LaneWatch, 'waits' | 'rests'>) {
    this.#watch = watch
  }

  get length(): number {
    return this.#passengers.length
  }

  /** Estimated server time of the reads, in milliseconds. */
  get workMs(): number {
    return this.#workMs
  }

  get first(): Passenger | undefined {
    return this.#passengers[0]
  }

  /** True when no caller waits for any of them. */
  get isForNobody(): boolean {
    return this.#passengers.every(({ isOver }) => isOver)
  }

  add(passenger: Passenger, nowMs: number): void {
    const isAlone = this.#passengers.length === 0
    passenger.sent(nowMs, isAlone)
    if (isAlone) this.#watch.waits(nowMs)
    this.#workMs += passenger.costMs
    this.#passengers.push(passenger)
  }

  /**
   * Removes an answered read. Returns the server time that it took, in milliseconds, without the time of the reads
   * before it.
   */
  remove(passenger: Passenger, nowMs: number): number {
    const passengers = this.#passengers
    if (passengers[0] === passenger) passengers.shift()
    else passengers.splice(passengers.indexOf(passenger), 1)
    const isEmpty = passengers.length === 0
    // Resets rounding errors of the sum.
    this.#workMs = isEmpty ? 0 : this.#workMs - passenger.costMs
    if (isEmpty) this.#watch.rests(nowMs)
    else this.#watch.waits(nowMs)
    const ms = nowMs - Math.max(passenger.sentAtMs, this.#answeredAtMs)
    this.#answeredAtMs = nowMs
    return ms
  }

  /** Sends all reads except the first over leases, and drops their answers here. */
  moveOthers(): void {
    for (const passenger of this.#passengers.slice(1)) passenger.move()
  }
}
