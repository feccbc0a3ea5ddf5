import type { NodeView } from '../topology/snapshot.ts'
import type { SendingEnded } from './feedback.ts'

/** A replica that failed a read with an error that either the replica or the statement caused. */
export interface Suspect {
  readonly node: NodeView
  readonly error: Error
  /** Reports the result to the replica's circuit breaker. */
  readonly ended: SendingEnded | undefined
}

/**
 * Maximum number of such replicas for one read, so that a statement that fails everywhere does not run on all nodes.
 */
const MOST = 2

/**
 * Suspicions of one read. Another node decides: if it returns an error with the same code, the statement is at fault;
 * otherwise the first node is.
 */
export class Suspicions {
  readonly #sick: (node: NodeView, error: Error) => void
  #suspects: Suspect[] = []

  /** @param sick Called for each replica that is at fault. */
  constructor(sick: (node: NodeView, error: Error) => void) {
    this.#sick = sick
  }

  /** Adds a suspicion. Returns true when no other replica may be tried. */
  add(suspect: Suspect): boolean {
    this.#suspects.push(suspect)
    return this.#suspects.length >= MOST
  }

  /** Clears the suspicions when no other node may be tried. */
  drop(): void {
    for (const { ended } of this.#suspects) ended?.('statement')
    this.#suspects = []
  }

  /** Resolves the suspicions at the end of the read, with its error if it has failed. */
  settle(error: Error | undefined): void {
    const suspects = this.#suspects
    this.#suspects = []
    for (const { node, error: own, ended } of suspects) {
      // An error without a second node counts as a failure of the node, too.
      const isShared = error !== undefined && isOfAnother(own, error, suspects)
      ended?.(isShared ? 'statement' : 'sick')
      if (!isShared) this.#sick(node, own)
    }
  }
}

/** Whether two errors have the same code. */
function isOfAnother(own: Error, last: Error, suspects: readonly Suspect[]): boolean {
  const others = [last, ...suspects.map(({ error }) => error)].filter((error) => error !== own)
  return others.some((error) => codeOf(error) === codeOf(own))
}

function codeOf(error: Error): unknown {
  return Reflect.get(error, 'code')
}
