import { normalised } from '../normalised.ts'
import type { Cause, Outcome } from './outcome.ts'

/** Different statements that are kept apart, over all causes. */
const MOST_STATEMENTS = 20_000
const MOST_TEXT = 2_000

/** Runs and their time. Time counts where it is known. */
export interface Amount {
  readonly calls: number
  readonly ms: number
}

export interface CountedStatement extends Amount {
  /** Without constants. */
  readonly sql: string
}

export interface CountedCause extends Amount {
  readonly cause: Cause
  /** Functions, relations and clauses that decided, the most frequent first. */
  readonly offenders: readonly string[]
  /** The most frequent first. */
  readonly statements: readonly CountedStatement[]
}

interface Counter {
  calls: number
  ms: number
}

interface CauseCounter extends Counter {
  readonly offenders: Map<string, number>
  readonly statements: Map<string, Counter>
}

/** Counts outcomes. */
export class Tally {
  readonly #all: Counter = { calls: 0, ms: 0 }
  readonly #replica: Counter = { calls: 0, ms: 0 }
  readonly #reads: Counter = { calls: 0, ms: 0 }
  readonly #movedReads: Counter = { calls: 0, ms: 0 }
  readonly #causes = new Map<Cause, CauseCounter>()
  #timed = 0
  #kept = 0

  add({ traffic, statement, cause }: Outcome): void {
    const { calls, ms, sql } = traffic
    count(this.#all, calls, ms)
    if (ms !== undefined) this.#timed += calls
    const isRead = statement.kind === 'read'
    if (isRead) count(this.#reads, calls, ms)
    if (cause === undefined) {
      if (isRead) count(this.#movedReads, calls, ms)
      return count(this.#replica, calls, ms)
    }
    const counter = this.#counterOf(cause)
    count(counter, calls, ms)
    const offender = isRead ? undefined : statement.offender?.text
    if (offender !== undefined)
      counter.offenders.set(offender, (counter.offenders.get(offender) ?? 0) + calls)
    const text = normalised(sql.slice(0, MOST_TEXT))
    const known = counter.statements.get(text)
    if (known !== undefined) count(known, calls, ms)
    else if (this.#kept < MOST_STATEMENTS) {
      this.#kept += 1
      counter.statements.set(text, { calls, ms: ms ?? 0 })
    }
  }

  get all(): Amount {
    return this.#all
  }

  /** All that would run on replicas: reads, and the control of read-only transactions. */
  get replica(): Amount {
    return this.#replica
  }

  /** Proven reads, wherever they would run. */
  get reads(): Amount {
    return this.#reads
  }

  /** Proven reads that would run on replicas. */
  get movedReads(): Amount {
    return this.#movedReads
  }

  /** Whether the time of every statement is known. */
  get isTimed(): boolean {
    return this.#all.calls > 0 && this.#timed === this.#all.calls && this.#all.ms > 0
  }

  /** The most frequent first. */
  get causes(): readonly CountedCause[] {
    return [...this.#causes]
      .map(([cause, { calls, ms, offenders, statements }]) => ({
        cause,
        calls,
        ms,
        offenders: [...offenders].toSorted(([, one], [, other]) => other - one).map(([name]) => name),
        statements: [...statements]
          .map(([sql, counter]) => ({ sql, ...counter }))
          .toSorted((one, other) => other.calls - one.calls),
      }))
      .toSorted((one, other) => other.calls - one.calls)
  }

  #counterOf(cause: Cause): CauseCounter {
    let counter = this.#causes.get(cause)
    if (counter === undefined) {
      counter = { calls: 0, ms: 0, offenders: new Map(), statements: new Map() }
      this.#causes.set(cause, counter)
    }
    return counter
  }
}

function count(counter: Counter, calls: number, ms: number | undefined): void {
  counter.calls += calls
  counter.ms += ms ?? 0
}
