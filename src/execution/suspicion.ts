import type { NodeView } from '../topology/snapshot.ts'
import type { SendingEnded } from './feedback.ts'

/** A replica that has failed a read with an error which is either its own or the statement's. */
export interface Suspect {
  readonly node: NodeView
  readonly error: Error
  /** Tells the replica's record how the read has ended there. */
  readonly ended: SendingEnded | undefined
}

/** Replicas that may fail one read in this way: a statement that fails everywhere must not walk over all nodes. */
const MOST = 2

/**
 * Suspicions that one read has raised. Another node decides: if it gives an error of the same code, the statement is to
 * blame. If it does better, the first node is.
 */
export class Suspicions {
  readonly #sick: (node: NodeView, error: Error) => void
  #suspects: Suspect[] = []

  /** @param sick Told of each replica that turns out to be to blame. */
  constructor(sick: (node: NodeView, error: Error) => void) {
    this.#sick = sick
  }

  /** Gives true when no other replica is to be asked. */
  add(suspect: Suspect): boolean {
    this.#suspects.push(suspect)
    return this.#suspects.length >= MOST
  }

  /** No other node may be asked, so nothing is held against these. */
  drop(): void {
    for (const { ended } of this.#suspects) ended?.('statement')
    this.#suspects = []
  }

  /** The read has come to its end, with this error if it has failed. */
  settle(error: Error | undefined): void {
    const suspects = this.#suspects
    this.#suspects = []
    for (const { node, error: own, ended } of suspects) {
      // An error that no other node was asked about is held against the node, too.
      const isShared = error !== undefined && isOfAnother(own, error, suspects)
      ended?.(isShared ? 'statement' : 'sick')
      if (!isShared) this.#sick(node, own)
    }
  }
}

/** Whether another node has given an error of the same code. */
function isOfAnother(own: Error, last: Error, suspects: readonly Suspect[]): boolean {
  const others = [last, ...suspects.map(({ error }) => error)].filter((error) => error !== own)
  return others.some((error) => codeOf(error) === codeOf(own))
}

function codeOf(error: Error): unknown {
  return Reflect.get(error, 'code')
}
