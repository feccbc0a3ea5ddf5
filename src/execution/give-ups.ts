import type { NodeId } from '../topology/node.ts'
import type { Failure } from './failure.ts'

/** Failures reported by other parts that end running operations on a node. */
export type Abandonment = Extract<Failure, 'node' | 'fenced'>

/** Ends an operation from outside, with its cause. */
export type GiveUp = (cause: Error, failure: Abandonment) => void

/** An operation that may be given up at any time: a read, or the wait for a connection. */
export interface Harmless {
  readonly nodeId: NodeId
  giveUp(cause: Error, failure: Abandonment): void
  before: Harmless | undefined
  after: Harmless | undefined
}

export function harmless(nodeId: NodeId, giveUp: GiveUp): Harmless {
  return { nodeId, giveUp, before: undefined, after: undefined }
}

/**
 * The operations in progress that may be given up. A linked list, because a `Map` would keep removed entries, and
 * everything that they refer to, until it is rehashed.
 */
export class GiveUps {
  #first: Harmless | undefined
  #last: Harmless | undefined

  add(entry: Harmless): void {
    entry.before = this.#last
    if (this.#last === undefined) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
  }

  /** Has no effect when it is not in the list. */
  remove(entry: Harmless): void {
    if (!this.has(entry)) return
    const { before, after } = entry
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    entry.before = entry.after = undefined
  }

  has(entry: Harmless): boolean {
    return entry.before !== undefined || this.#first === entry
  }

  /** Returns all operations, oldest first. */
  all(): readonly Harmless[] {
    const found: Harmless[] = []
    for (let entry = this.#first; entry !== undefined; entry = entry.after) found.push(entry)
    return found
  }

  /** Returns all operations on a node, oldest first. */
  at(nodeId: NodeId): readonly Harmless[] {
    return this.all().filter((entry) => entry.nodeId === nodeId)
  }
}
