import type { LaneWatch } from './lane-watch.ts'
import type { Passenger } from './passenger.ts'

/** The reads under way on one connection, in the order in which they were sent. */
export class LaneQueue {
  readonly #watch: Pick<LaneWatch, 'waits' | 'rests'>
  readonly #passengers: Passenger[] = []
  #workMs = 0
  /** When the last answer came. */
  #answeredAtMs = -Infinity

  /** @param watch Told since when the first of them has been waited for. */
  constructor(watch: Pick<LaneWatch, 'waits' | 'rests'>) {
    this.#watch = watch
  }

  get length(): number {
    return this.#passengers.length
  }

  /** The time that they take the server, in milliseconds. */
  get workMs(): number {
    return this.#workMs
  }

  get first(): Passenger | undefined {
    return this.#passengers[0]
  }

  /** True when nobody waits for any of them. */
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
   * Takes out what was answered. Gives how long the server took, in milliseconds: what was sent before it had to be answered
   * first.
   */
  remove(passenger: Passenger, nowMs: number): number {
    const passengers = this.#passengers
    if (passengers[0] === passenger) passengers.shift()
    else passengers.splice(passengers.indexOf(passenger), 1)
    const isEmpty = passengers.length === 0
    // Sums of fractions drift: an empty queue costs nothing.
    this.#workMs = isEmpty ? 0 : this.#workMs - passenger.costMs
    if (isEmpty) this.#watch.rests(nowMs)
    else this.#watch.waits(nowMs)
    const ms = nowMs - Math.max(passenger.sentAtMs, this.#answeredAtMs)
    this.#answeredAtMs = nowMs
    return ms
  }

  /** Sends all but the first one over leases. Their answers are thrown away. */
  moveOthers(): void {
    for (const passenger of this.#passengers.slice(1)) passenger.move()
  }
}
