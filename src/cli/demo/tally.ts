import { Histogram } from './histogram.ts'

/** Kinds of writes that a user reads back. */
export type Readback = 'profile' | 'order'

/** A read that did not show what its own session had written. */
export interface Violation {
  readonly what: Readback
  /** Time between the write and the read, in milliseconds. */
  readonly afterMs: number
}

const MOST_EXAMPLES = 5

/** Counts the results of the demo's users, independently of the pool. */
export class Tally {
  readonly latency: Histogram = new Histogram()
  /** Examples of stale reads, the first few. */
  readonly staleReads: Violation[] = []
  #queries = 0
  #reads = 0
  #writes = 0
  #checks = 0
  #violations = 0
  #errors = 0
  readonly #kindsOfErrors = new Map<string, number>()

  /** Statements that were answered. */
  get queries(): number {
    return this.#queries
  }

  /** SELECTs among them. */
  get reads(): number {
    return this.#reads
  }

  /** Profiles changed and orders placed. */
  get writes(): number {
    return this.#writes
  }

  /** Reads that were checked against the writes of their own session. */
  get checks(): number {
    return this.#checks
  }

  /** Checks that failed. */
  get violations(): number {
    return this.#violations
  }

  /** Statements that the application saw fail. */
  get errors(): number {
    return this.#errors
  }

  /** Kinds of errors and their numbers, most frequent first. */
  get kindsOfErrors(): readonly (readonly [kind: string, count: number])[] {
    return [...this.#kindsOfErrors].toSorted(([, a], [, b]) => b - a)
  }

  answered(isRead: boolean, elapsedMs: number): void {
    this.#queries += 1
    if (isRead) this.#reads += 1
    this.latency.record(elapsedMs)
  }

  failed(error: unknown): void {
    this.#errors += 1
    const kind = kindOf(error)
    this.#kindsOfErrors.set(kind, (this.#kindsOfErrors.get(kind) ?? 0) + 1)
  }

  wrote(): void {
    this.#writes += 1
  }

  checked(holds: boolean, what: Readback, afterMs: number): void {
    this.#checks += 1
    if (holds) return
    this.#violations += 1
    if (this.staleReads.length < MOST_EXAMPLES) this.staleReads.push({ what, afterMs: Math.round(afterMs) })
  }
}

/** Returns the kind of an error. A server's message may contain parameters, so only its code is used. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an Error'
  if ('code' in error && typeof error.code === 'string') {
    return /^[0-9A-Z]{5}$/.test(error.code) ? `SQLSTATE ${error.code}` : error.code
  }
  return error.message
}
