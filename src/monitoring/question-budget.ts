/** How fast a node may be asked for its position. */
export interface Rate {
  /** Gap between the first two questions, in milliseconds. It doubles from question to question. */
  readonly firstGapMs: number
  /** The longest gap, in milliseconds. */
  readonly longestGapMs: number
}

/** For reads that went to the primary: they gain by newer positions, but do not wait for them. */
export const FOLLOWING: Rate = { firstGapMs: 2, longestGapMs: 50 }

/** For reads that wait. */
export const WAITING: Rate = { firstGapMs: 2, longestGapMs: 10 }

/** Time in which one question is forgotten, in milliseconds. In the long run gaps of `FOLLOWING` have this length. */
const FORGOTTEN_AFTER_MS = 50

/** Spaces out the questions to one node: the first ones quickly, and more slowly while they go on. */
export class QuestionBudget {
  #askedAtMs = -Infinity
  /** Number of recent questions. Each one fades away. */
  #recent = 0

  /** Notes that a question is sent. */
  asked(nowMs: number): void {
    this.#recent = Math.max(0, this.#recent - (nowMs - this.#askedAtMs) / FORGOTTEN_AFTER_MS) + 1
    this.#askedAtMs = nowMs
  }

  /** When the next question may be sent. */
  readyAtMs({ firstGapMs, longestGapMs }: Rate): number {
    return this.#askedAtMs + Math.min(longestGapMs, firstGapMs * 2 ** (this.#recent - 1))
  }
}
