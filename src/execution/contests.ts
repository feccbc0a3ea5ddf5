import type { NodeView } from '../topology/snapshot.ts'
import type { Runner } from './attempts.ts'
import type { Contest } from './conversation.ts'
import type { ExecutionListener } from './execution.ts'
import { failureOf, isAnswer } from './failure.ts'
import type { HealthBook } from './health-book.ts'
import type { Read } from './read.ts'
import { TERMS_WITH_SLOT } from './read-attempt.ts'
import type { Decided, SecondOpinions } from './second-opinion.ts'
import { Suspicions } from './suspicion.ts'

const nothing = (): void => {}

export interface ContestsOptions {
  readonly attempts: Runner
  readonly health: HealthBook
  readonly listener: ExecutionListener
  readonly opinions: SecondOpinions
}

/** Outcomes of a read whose replica has returned an error. Exactly one is called, once. */
export interface Outcomes {
  /** The error is the result. */
  readonly stands: () => void
  /** This node has answered, possibly with an error of the statement. */
  readonly answered: (node: NodeView, error: Error | undefined, result: unknown) => void
  /** The caller has to run it on the primary, and to call `leave` at the end. */
  readonly handOver: (leave: () => void) => void
}

/** Repeats a read whose replica has returned an error, unless that error is known to count. */
export class Contests {
  readonly #options: ContestsOptions

  constructor(options: ContestsOptions) {
    this.#options = options
  }

  contest(read: Read, node: NodeView, error: Error, outcomes: Outcomes): void {
    const { attempts, listener, opinions } = this.#options
    const { answered, handOver, stands } = outcomes
    const { conversation } = read
    const decided: Decided = (place) => {
      if (place === undefined) return stands()
      const { leave, primary } = place
      listener.retried(node, 'statement', error, read.trace)
      if (conversation !== undefined) return handOver(leave)
      attempts.read(primary, read, TERMS_WITH_SLOT, (attempted) => {
        leave()
        const { error: second, failure, result } = attempted
        if (failure === undefined || isAnswer(failure, false)) return answered(primary, second, result)
        if (failure === 'node' && second !== undefined) listener.nodeFailed(primary, second)
        stands()
      })
    }
    opinions.ask(read, node, error, decided)
  }

  /** Returns the queries about errors over a connection to this replica that is held after the read. */
  of(read: Read, node: NodeView): Contest {
    const { health, listener, opinions } = this.#options
    return {
      isFinal: (error, told) => opinions.isFinal(node, error, told),
      claim: (error, decided) =>
        opinions.ask(read, node, error, (place) => {
          if (place === undefined || failureOf(error) !== 'sick') return decided(place, nothing)
          const suspicions = new Suspicions(listener.nodeSick)
          health.started(node.id)
          suspicions.add({ node, error, ended: (failure) => health.ended(node.id, failure === 'statement') })
          decided(place, (second) => suspicions.settle(second))
        }),
    }
  }
}
