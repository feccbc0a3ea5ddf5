/** Number of named runs that make a meaningful mean. */
const FEWEST = 4
/** Number of runs in one comparison. */
const WINDOW = 32
/** Maximum number of runs of each kind in a trial. */
const TRIAL = 16
/** Minimum number of named runs between a trial without a result and the next. */
const REST = 512
/** Number of named runs after which a trial runs in any case, since the earlier comparison may be outdated. */
const STALE_AFTER = 8192
/** Minimum slowdown of named runs: this factor and this difference in milliseconds. */
const FACTOR = 1.5
const NOISE_MS = 0.3
/** Required number of standard errors: at the end of a trial, and before. */
const ERRORS = 3
const EARLY_ERRORS = 6
/** Number of unnamed runs after a failed named run, so that a read that always fails is seldom run twice. */
const AFTER_FAILURE = 64
/**
 * Number of unnamed runs after named ones were slower for the first time; four times as many after each further time.
 */
const FIRST_PENALTY = 256
const LONGEST_PENALTY = 262_144

/**
 * Statistics of a series of runs. They are the mean without the slowest run, which may be due to garbage collection,
 * and the standard error of the mean of all.
 */
class Sample {
  #count = 0
  #meanMs = 0
  #maxMs = 0
  #squares = 0

  get count(): number {
    return this.#count
  }

  get ms(): number {
    return this.#count < 2 ? 0 : (this.#meanMs * this.#count - this.#maxMs) / (this.#count - 1)
  }

  get meanMs(): number {
    return this.#meanMs
  }

  /** The square of the mean's standard error. */
  get squaredError(): number {
    return this.#count < 2 ? Infinity : this.#squares / (this.#count - 1) / this.#count
  }

  /** Welford's algorithm for the variance (Technometrics 4, 1962), in one pass. */
  add(ms: number): void {
    this.#count += 1
    const delta = ms - this.#meanMs
    this.#meanMs += delta / this.#count
    this.#squares += delta * (ms - this.#meanMs)
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  reset(): void {
    this.#count = this.#meanMs = this.#maxMs = this.#squares = 0
  }
}

/**
 * How the next runs are sent: `unnamed` for a number of runs, `named` until they look slower, and alternating in a
 * `trial`.
 */
type Phase = 'unnamed' | 'named' | 'trial'

/**
 * Watches whether one text is faster with a name. PostgreSQL plans a named statement for its values a few times and may
 * then switch to a generic plan, which ignores them. When named runs look slower, runs with and without a name
 * alternate, since the server itself may have become slower. If named runs are significantly slower, the name is not
 * used for a while, and for longer each time. Pure: it gets the durations as arguments.
 */
export class PlanWatch {
  readonly #named = new Sample()
  readonly #unnamed = new Sample()
  #phase: Phase = 'unnamed'
  /** Remaining number of unnamed runs. */
  #unnamedLeft: number
  #sinceTrial = REST
  #penalty = FIRST_PENALTY

  /** @param after Number of unnamed runs before the text gets a name. */
  constructor(after: number) {
    this.#unnamedLeft = after
    if (after <= 0) this.#phase = 'named'
  }

  /** Whether the next run should have a name. */
  get wantsName(): boolean {
    if (this.#phase === 'trial') return this.#named.count < this.#unnamed.count
    return this.#phase === 'named'
  }

  /** @param ms Estimated server time. */
  ran(isNamed: boolean, ms: number): void {
    if (this.#phase === 'unnamed') return this.#ranBare(isNamed, ms)
    if (this.#phase === 'named' && !isNamed) return
    const sample = isNamed ? this.#named : this.#unnamed
    sample.add(ms)
    if (this.#phase === 'trial') this.#judge()
    else this.#look()
  }

  /** Records the failure of a named run. */
  failed(): void {
    this.#phase = 'unnamed'
    this.#unnamedLeft = AFTER_FAILURE
    this.#unnamed.reset()
  }

  #ranBare(isNamed: boolean, ms: number): void {
    // The run was sent before the last decision.
    if (isNamed) return
    this.#unnamed.add(ms)
    this.#unnamedLeft -= 1
    if (this.#unnamedLeft > 0) return
    this.#phase = 'named'
    this.#named.reset()
  }

  #look(): void {
    this.#sinceTrial += 1
    const isSuspect = this.#sinceTrial > REST && this.#named.count >= FEWEST && this.#isSlower
    if (isSuspect || this.#sinceTrial >= STALE_AFTER + REST) {
      this.#phase = 'trial'
      this.#named.reset()
      this.#unnamed.reset()
    } else if (this.#named.count >= WINDOW) this.#named.reset()
  }

  #judge(): void {
    const fewest = Math.min(this.#named.count, this.#unnamed.count)
    const isOver = fewest >= TRIAL
    if (fewest < FEWEST) return
    if (this.#isSlower && this.#isSure(isOver ? ERRORS : EARLY_ERRORS)) {
      this.#phase = 'unnamed'
      this.#unnamedLeft = this.#penalty
      this.#penalty = Math.min(LONGEST_PENALTY, this.#penalty * 4)
      this.#sinceTrial = REST
      this.#unnamed.reset()
    } else if (isOver) {
      this.#phase = 'named'
      this.#sinceTrial = 0
      this.#named.reset()
    }
  }

  get #isSlower(): boolean {
    return this.#named.ms > this.#unnamed.ms * FACTOR + NOISE_MS
  }

  /** Whether the difference is significant by Welch's test (Biometrika 34, 1947). */
  #isSure(errors: number): boolean {
    const error = Math.sqrt(this.#named.squaredError + this.#unnamed.squaredError)
    return this.#named.meanMs - this.#unnamed.meanMs > errors * error
  }
}
