import { shows, type Position } from '../consistency/position.ts'
import type { ShowingProof } from '../consistency/unshown.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Cluster, ExecutionListener } from './execution.ts'
import { failureOf } from './failure.ts'
import type { RetryBudget } from './retry-budget.ts'
import { isServerError } from '../platform/server-error.ts'
import type { SpillGate } from './spill-gate.ts'

/** SQLSTATEs of a statement that was cancelled or timed out, which do not depend on the replica's data. */
const QUERY_CANCELED = '57014'

/** A slot on the primary for a read that failed on a replica. */
export interface Place {
  readonly primary: NodeView
  /** Releases the slot. */
  readonly leave: () => void
}

/** Receives the slot for repeating the read; `undefined` when the replica's error is the result. */
export type Decided = (place: Place | undefined) => void

/** The part of a read that matters for its error. */
export interface Contested {
  replan(): QueryPlan
  readonly follower?: { readonly showing: Pick<ShowingProof, 'prove'> | undefined } | undefined
}

export interface SecondOpinionsOptions {
  /** Separate from the retry budget for failed nodes, so that an application's errors do not spend that. */
  readonly budget: RetryBudget
  readonly cluster: Pick<Cluster, 'lookAt' | 'primary'>
  /**
   * Reads a position on the primary at or after everything committed before the call. Never rejects, and has a timeout.
   */
  readonly committed: () => Promise<Position | undefined>
  readonly listener: Pick<ExecutionListener, 'retriesSpent' | 'spillRefused'>
  readonly spill: SpillGate
}

/**
 * Decides whether an error from a replica counts. It may be caused by changes that the replica has not replayed yet: a
 * new column, a privilege, a row. It is final if the replica had replayed, before the read was sent, everything that
 * the primary has flushed after the error. Otherwise the read may be repeated on the primary.
 */
export class SecondOpinions {
  readonly #options: SecondOpinionsOptions

  constructor(options: SecondOpinionsOptions) {
    this.#options = options
  }

  /** Records a read that is sent for the first time. */
  earn(): void {
    this.#options.budget.earn()
  }

  /** Takes a repetition from the budget. Returns false when it is spent. */
  spend(): boolean {
    const { budget, listener } = this.#options
    const isIn = budget.spend()
    if (!isIn) listener.retriesSpent()
    return isIn
  }

  /** @param node The replica in the snapshot from before the read was sent. */
  ask(read: Contested, node: NodeView, error: Error, decided: Decided): void {
    this.isFinal(node, error, (isFinal) => {
      const primary = isFinal ? undefined : fallbackOf(read)
      if (primary === undefined) return decided(undefined)
      if (this.spend()) this.#claim(read, primary, decided)
      else decided(undefined)
    })
  }

  /** Tells whether the primary would give the same error, as far as that can be proven. */
  isFinal(node: NodeView, error: Error, told: (isFinal: boolean) => void): void {
    const { cluster, committed } = this.#options
    if (!isServerError(error) || Reflect.get(error, 'code') === QUERY_CANCELED) return told(true)
    if (cluster.primary() === undefined) return told(true)
    if (failureOf(error) !== 'statement') return told(false)
    void committed().then((position) => {
      const isFinal = position !== undefined && hasReplayed(node, position)
      // Errors come in bursts: a fresh observation of the replica decides the next ones.
      if (!isFinal) void cluster.lookAt(node.id)
      told(isFinal)
    })
  }

  #claim({ follower }: Contested, primary: NodeView, decided: Decided): void {
    const { listener, spill } = this.#options
    const enter = (): void =>
      spill.enter((isIn) => {
        if (!isIn) listener.spillRefused()
        decided(isIn ? { primary, leave: () => spill.leave() } : undefined)
      })
    const showing = follower?.showing?.prove()
    if (showing === undefined) return enter()
    showing.then(
      (is) => (is === 'hidden' ? decided(undefined) : enter()),
      () => decided(undefined),
    )
  }
}

/** Returns the primary if reads like this one may go to it. */
function fallbackOf(read: Contested): NodeView | undefined {
  try {
    return read.replan().steps.find(({ reason }) => reason === 'fallback' || reason === 'sooner')?.node
  } catch {
    // An exception of a balancer must not fail this read, which has an answer.
    return undefined
  }
}

function hasReplayed({ state }: NodeView, position: Position): boolean {
  if (state.name !== 'up') return false
  const { lsn, systemIdentifier, timeline } = state.observation
  if (lsn === undefined || timeline === undefined) return false
  return shows({ lsn, systemIdentifier, timeline }, position)
}
