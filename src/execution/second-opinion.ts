import { shows, type Position } from '../consistency/position.ts'
import type { Showing } from '../consistency/unshown.ts'
import type { QueryPlan } from '../selection/query-plan.ts'
import type { NodeView } from '../topology/snapshot.ts'
import type { Cluster, ExecutionListener } from './execution.ts'
import { failureOf } from './failure.ts'
import type { RetryBudget } from './retry-budget.ts'
import { isServerError } from '../platform/server-error.ts'
import type { SpillGate } from './spill-gate.ts'

/** A limit of the caller's has ended the statement, or somebody has cancelled it: that says nothing of what the replica shows. */
const QUERY_CANCELED = '57014'

/** A place on the primary for a read that a replica has failed. */
export interface Place {
  readonly primary: NodeView
  /** Gives the place back. */
  readonly leave: () => void
}

/** Receives the place where the read is to be asked once more; `undefined` when the replica's error is the answer. */
export type Decided = (place: Place | undefined) => void

/** A read, as far as it matters for its error. */
export interface Contested {
  replan(): QueryPlan
  readonly follower?: { readonly showing: (() => Promise<Showing>) | undefined } | undefined
}

export interface SecondOpinionsOptions {
  /** Separate from that of failed nodes: an application's own errors must not use that up. */
  readonly budget: RetryBudget
  readonly cluster: Pick<Cluster, 'lookAt' | 'primary'>
  /** Asks for a position of the primary at or after everything that has been committed by now. Never rejects, and is bounded in time. */
  readonly committed: () => Promise<Position | undefined>
  readonly listener: Pick<ExecutionListener, 'retriesSpent' | 'spillRefused'>
  readonly spill: SpillGate
}

/**
 * Decides whether the error that a replica has given counts. An error may come from what the replica has not replayed yet: a
 * new column, a privilege, a row. It is final when the replica had replayed, before the read was sent, all that the primary
 * has flushed after the error. Otherwise the read may be asked once more on the primary.
 */
export class SecondOpinions {
  readonly #options: SecondOpinionsOptions

  constructor(options: SecondOpinionsOptions) {
    this.#options = options
  }

  /** A read is sent for the first time. */
  earn(): void {
    this.#options.budget.earn()
  }

  /** True when another node may be asked about an error; it is counted. */
  spend(): boolean {
    const { budget, listener } = this.#options
    const isIn = budget.spend()
    if (!isIn) listener.retriesSpent()
    return isIn
  }

  /** @param node The replica as it was known before the read was sent. */
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
      // Errors come in bursts: what the replica has replayed by now decides about the next ones.
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
    const showing = follower?.showing?.()
    if (showing === undefined) return enter()
    showing.then(
      (is) => (is === 'hidden' ? decided(undefined) : enter()),
      () => decided(undefined),
    )
  }
}

/** The primary, where reads like this one may go to it. */
function fallbackOf(read: Contested): NodeView | undefined {
  try {
    return read.replan().steps.find(({ reason }) => reason === 'fallback')?.node
  } catch {
    // A balancer that throws fails reads, and this one has an answer.
    return undefined
  }
}

function hasReplayed({ state }: NodeView, position: Position): boolean {
  if (state.name !== 'up') return false
  const { lsn, systemIdentifier, timeline } = state.observation
  if (lsn === undefined || timeline === undefined) return false
  return shows({ lsn, systemIdentifier, timeline }, position)
}
