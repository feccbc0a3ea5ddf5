import type { PlanStep } from '../selection/query-plan.ts'
import type { ExecutionListener } from './execution.ts'
import type { PrimaryCheck } from './if-shown.ts'
import { TERMS_WITH_SLOT, type ReadTerms } from './read-attempt.ts'
import type { SpillGate } from './spill-gate.ts'
import type { Walk } from './walk.ts'

/** Slot of a read that runs on the primary in place of a replica. */
export type Slot =
  /** It takes one if it needs a lease. If there is none, it calls `noRoom`. */
  | {
      readonly gate: SpillGate
      readonly noRoom: () => void
      readonly check?: PrimaryCheck
    }
  /** It has one, and calls `leave` at its end. */
  | { readonly leave: () => void }

const ON_PRIMARY: ReadTerms = { timeoutMs: undefined, keeps: false }

/** Returns the options of an attempt on the primary. */
export function termsWith(slot: Slot | undefined): ReadTerms {
  if (slot === undefined) return ON_PRIMARY
  return 'gate' in slot ? { ...ON_PRIMARY, gate: slot.gate } : TERMS_WITH_SLOT
}

/** Whether a step reads from a replica. */
export function isOfReplica(step: PlanStep | undefined): boolean {
  return step?.reason === 'replica' || step?.reason === 'last-resort'
}

/** Records that the primary runs a read in place of a replica, once for each read. */
export function noteSpill(
  listener: Pick<ExecutionListener, 'spilled'>,
  walk: Walk,
  { reason }: PlanStep,
): void {
  if (walk.isSpilled || (reason !== 'fallback' && reason !== 'sooner')) return
  walk.isSpilled = true
  listener.spilled(reason, walk.read.trace, walk.read.subject)
}
