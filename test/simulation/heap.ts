/** A callback that is due at some time. */
export interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/** A priority queue: the earliest entry first, and of equal ones the one that was added first. */
export class Heap {
  readonly #entries: Entry[] = []
  #cancelled = 0

  /** Number of entries that are not cancelled. */
  get size(): number {
    return this.#entries.length - this.#cancelled
  }

  add(entry: Entry): void {
    const entries = this.#entries
    let at = entries.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = entries[above]
      if (parent === undefined || isBefore(parent, entry)) break
      entries[at] = parent
      at = above
    }
    entries[at] = entry
  }

  cancel(entry: Entry): void {
    if (entry.isCancelled) return
    entry.isCancelled = true
    this.#cancelled += 1
  }

  /** Time of the earliest entry; infinite without one. */
  get nextAtMs(): number {
    for (;;) {
      const [first] = this.#entries
      if (first === undefined) return Infinity
      if (!first.isCancelled) return first.atMs
      this.#take()
      this.#cancelled -= 1
    }
  }

  /** Removes and returns the earliest entry, if it is due. */
  takeDue(nowMs: number): Entry | undefined {
    if (this.nextAtMs > nowMs) return undefined
    const entry = this.#take()
    // A later cancellation concerns no entry of the queue.
    if (entry !== undefined) entry.isCancelled = true
    return entry
  }

  clear(): void {
    this.#entries.length = 0
    this.#cancelled = 0
  }

  #take(): Entry | undefined {
    const entries = this.#entries
    const [first] = entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const right = entries[below + 1]
      let child = entries[below]
      if (child === undefined) break
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below += 1
      }
      if (isBefore(last, child)) break
      entries[at] = child
      at = below
    }
    entries[at] = last
    return first
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
