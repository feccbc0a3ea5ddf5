/** Named runs after which a mean of them says something. */
const FEWEST = 4
/** Runs of a text that make up one comparison. */
const WINDOW = 32
/** Runs of each kind in a trial, at most. */
const TRIAL = 16
/** Named runs after a trial that found nothing, before there may be another. */
const REST = 512
/** Named runs after which there is another trial anyhow: what they are compared with may be old. */
const STALE_AFTER = 8192
/** How much slower named runs must be: by this factor, and by this much, in milliseconds. */
const FACTOR = 1.5
const NOISE_MS = 0.3
/** By how many standard errors: at the end of a trial, and before. */
const ERRORS = 3
const EARLY_ERRORS = 6
/** Runs without a name after one with a name has failed: a read that fails each time is seldom run twice. */
const AFTER_FAILURE = 64
/** Runs without a name after the first time that names were slower; four times as many after each other time. */
const FIRST_PENALTY = 256
const LONGEST_PENALTY = 262_144

/** Some runs: their mean without the slowest one, which may be due to a garbage collector, and how sure the mean of all is. */
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

  /** Welford's way to a variance (Technometrics 4, 1962): one pass, and nothing is kept. */
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

/** How the runs to come are sent: `unnamed` for so many, `named` until they look slower, both in turn in a `trial`. */
type Phase = 'unnamed' | 'named' | 'trial'

/**
 * Watches whether one text does better with a name. PostgreSQL plans a named statement for its values a few times, and may
 * then go over to a generic plan, which knows nothing of them. When named runs look slower, runs with and without a name take
 * turns: the server may have become slower, or others may be in the way. A name whose runs are surely slower is not used for a
 * while, and for longer each time. Pure: told how long runs took.
 */
export class PlanWatch {
  readonly #named = new Sample()
  readonly #unnamed = new Sample()
  #phase: Phase = 'unnamed'
  /** Runs without a name that are still to come. */
  #unnamedLeft: number
  #sinceTrial = REST
  #penalty = FIRST_PENALTY

  /** @param after How often the text runs without a name before it gets one. */
  constructor(after: number) {
    this.#unnamedLeft = after
    if (after <= 0) this.#phase = 'named'
  }

  /** Whether the next run is to have a name. */
  get wantsName(): boolean {
    if (this.#phase === 'trial') return this.#named.count < this.#unnamed.count
    return this.#phase === 'named'
  }

  /** @param ms How long the server took, as far as can be told. */
  ran(isNamed: boolean, ms: number): void {
    if (this.#phase === 'unnamed') return this.#ranBare(isNamed, ms)
    if (this.#phase === 'named' && !isNamed) return
    const sample = isNamed ? this.#named : this.#unnamed
    sample.add(ms)
    if (this.#phase === 'trial') this.#judge()
    else this.#look()
  }

  /** A run with a name has failed. */
  failed(): void {
    this.#phase = 'unnamed'
    this.#unnamedLeft = AFTER_FAILURE
    this.#unnamed.reset()
  }

  #ranBare(isNamed: boolean, ms: number): void {
    // Sent before it was decided otherwise.
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

  /** Whether the difference is more than chance, as by Welch's test (Biometrika 34, 1947). */
  #isSure(errors: number): boolean {
    const error = Math.sqrt(this.#named.squaredError + this.#unnamed.squaredError)
    return this.#named.meanMs - this.#unnamed.meanMs > errors * error
  }
}
