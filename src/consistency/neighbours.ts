import type { Touched } from './touched.ts'

/** A pool or client of this process that watches a cluster. */
export interface Neighbour {
  /** System identifier of its cluster; `undefined` while unknown. */
  readonly systemIdentifier: string | undefined
  /** Whether commits over its connections may be acknowledged before they are flushed. */
  readonly mayBeUnflushed: boolean
  /** Called when another member, of the same or an unknown cluster, may have written. */
  heardOfWrite(writer: Neighbour, changes: Touched): void
  /**
   * Called when another member has taken a lock or received a notification. Every later read must show what is
   * committed now.
   */
  heardOfSynchronization(): void
}

/**
 * Registry of all pools and clients of this process that watch a cluster. A program may have several pools for one
 * cluster: its own and those of libraries. Reads through any of them must show what the process wrote through the
 * others.
 */
export class Neighbours {
  /** Weak, so that a pool that was dropped without `end()` can be collected. */
  readonly #members = new Set<WeakRef<Neighbour>>()

  join(member: Neighbour): void {
    this.#sweep(undefined)
    this.#members.add(new WeakRef(member))
  }

  leave(member: Neighbour): void {
    this.#sweep(member)
  }

  /** Reports the end of a statement that may have written. */
  wrote(writer: Neighbour, changes: Touched): void {
    this.#tell(writer, (member) => member.heardOfWrite(writer, changes))
  }

  /** Reports that a lock was taken or a notification received. */
  synchronized(source: Neighbour): void {
    this.#tell(source, (member) => member.heardOfSynchronization())
  }

  #tell(source: Neighbour, tell: (member: Neighbour) => void): void {
    if (this.#members.size < 2) return
    for (const each of this.#members) {
      const member = each.deref()
      if (member === undefined || member === source) continue
      if (mayBeOfOne(member, source)) tell(member)
    }
  }

  /** Removes collected members and `leaving`. */
  #sweep(leaving: Neighbour | undefined): void {
    for (const each of this.#members) {
      const member = each.deref()
      if (member === undefined || member === leaving) this.#members.delete(each)
    }
  }
}

function mayBeOfOne(one: Neighbour, other: Neighbour): boolean {
  const [mine, theirs] = [one.systemIdentifier, other.systemIdentifier]
  return mine === undefined || theirs === undefined || mine === theirs
}

/** The registry of this process. */
export const neighbours: Neighbours = new Neighbours()
