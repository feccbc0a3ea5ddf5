import type { NodeId } from '../topology/node.ts'
import type { Failure } from './failure.ts'

/** What somebody else may say of a node to end what is under way there. */
export type Abandonment = Extract<Failure, 'node' | 'fenced'>

/** Why something is given up from outside, and what that says of the node. */
export type GiveUp = (cause: Error, failure: Abandonment) => void

/** Something that may be given up at any time: a read, or the waiting for a connection. */
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
 * What may be given up, for every statement that is under way. A linked list: in a map each entry would outlive its
 * statement until the table is made anew, and keep alive what belongs to it.
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

  /** Harmless when it is not there. */
  remove(entry: Harmless): void {
    const { before, after } = entry
    if (before === undefined && this.#first !== entry) return
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    entry.before = entry.after = undefined
  }

  /** All that is at this node now, in the order of coming. */
  at(nodeId: NodeId): readonly Harmless[] {
    const found: Harmless[] = []
    for (let entry = this.#first; entry !== undefined; entry = entry.after) {
      if (entry.nodeId === nodeId) found.push(entry)
    }
    return found
  }
}
