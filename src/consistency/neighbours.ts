/** One of those in this process that watch a cluster. */
export interface Neighbour {
  /** Of the cluster that it watches; `undefined` while that is not known. */
  readonly systemIdentifier: string | undefined
  /** Commits over its connections may be acknowledged before they are flushed. */
  readonly mayBeUnflushed: boolean
  /** Another one, of the same cluster as far as is known, may have written. */
  heardOfWrite(writer: Neighbour): void
  /** Another one has taken a lock or heard a notification: every read from now on shows what is committed by now. */
  heardOfSynchronization(): void
}

/**
 * The watchers of a cluster in this process. Programs have several pools of one cluster, their own and those of libraries,
 * and what this process wrote through one of them it reads through the others.
 */
export class Neighbours {
  /** A pool that nobody has any more is gone, though nobody has ended it. */
  readonly #members = new Set<WeakRef<Neighbour>>()

  join(member: Neighbour): void {
    this.#sweep(undefined)
    this.#members.add(new WeakRef(member))
  }

  leave(member: Neighbour): void {
    this.#sweep(member)
  }

  /** The outcome of something that may have written has been heard. */
  wrote(writer: Neighbour): void {
    this.#tell(writer, (member) => member.heardOfWrite(writer))
  }

  /** It has taken a lock, or heard a notification. */
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

  /** Forgets those that are gone, and this one. */
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

/** Those of this process. */
export const neighbours: Neighbours = new Neighbours()
