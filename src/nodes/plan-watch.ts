/** Named runs after which a mean of them says something. */
const FEWEST = 4
/** Runs of a text that make up one comparison. */
const WINDOW = 32
/** Runs without a name that tell how fast it is now. */
const CONTROL = 4
/** Named runs after which the other figure is taken anew. */
const STALE_AFTER = 8192
/** How much slower named runs must be: by this factor, and by this much, in milliseconds. */
const FACTOR = 1.5
const NOISE_MS = 0.3
/** Runs without a name after the first time that names were slower; four times as many after each other time. */
const FIRST_PENALTY = 256
const LONGEST_PENALTY = 262_144

/** The mean of some runs without the slowest one, which may be due to a garbage collector. */
class Mean {
  #count = 0
  #sumMs = 0
  #maxMs = 0

  get count(): number {
    return this.#count
  }

  get ms(): number {
    return this.#count < 2 ? 0 : (this.#sumMs - this.#maxMs) / (this.#count - 1)
  }

  add(ms: number): void {
    this.#count += 1
    this.#sumMs += ms
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  reset(): void {
    this.#count = 0
    this.#sumMs = 0
    this.#maxMs = 0
  }
}

/**
 * Watches whether one text does better with a name. PostgreSQL plans a named statement for its values a few times, and may
 * then go over to a generic plan, which knows nothing of them. A name whose runs turn out to be slower is not used for a
 * while, and for longer each time. Pure: told how long runs took.
 */
export class PlanWatch {
  readonly #named = new Mean()
  readonly #unnamed = new Mean()
  /** Runs without a name that are still to come. */
  #unnamedLeft: number
  #sinceControl = 0
  #penalty = FIRST_PENALTY
  #isSuspect = false

  /** @param after How often the text runs without a name before it gets one. */
  constructor(after: number) {
    this.#unnamedLeft = after
  }

  /** Whether the next run is to have a name. */
  get wantsName(): boolean {
    return this.#unnamedLeft <= 0
  }

  /** @param ms How long the server took, as far as can be told. */
  ran(isNamed: boolean, ms: number): void {
    if (isNamed) this.#ranNamed(ms)
    else this.#ranUnnamed(ms)
  }

  #ranNamed(ms: number): void {
    // Sent before it was decided otherwise.
    if (this.#unnamedLeft > 0) return
    this.#named.add(ms)
    this.#sinceControl += 1
    if (this.#isSlower() || this.#sinceControl >= STALE_AFTER) return this.#control()
    if (this.#named.count >= WINDOW) this.#named.reset()
  }

  /** What it was compared with may be old. */
  #control(): void {
    this.#isSuspect = this.#isSlower()
    this.#sinceControl = 0
    this.#unnamed.reset()
    this.#unnamedLeft = CONTROL
  }

  #ranUnnamed(ms: number): void {
    this.#unnamed.add(ms)
    this.#unnamedLeft -= 1
    if (this.#unnamedLeft !== 0) return
    if (this.#isSuspect && this.#isSlower()) {
      this.#unnamedLeft = this.#penalty
      this.#penalty = Math.min(LONGEST_PENALTY, this.#penalty * 4)
    }
    this.#isSuspect = false
    this.#named.reset()
  }

  #isSlower(): boolean {
    return this.#named.count >= FEWEST && this.#named.ms > this.#unnamed.ms * FACTOR + NOISE_MS
  }
}
