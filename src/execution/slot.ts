import type { PlanStep } from '../selection/query-plan.ts'
import type { Attempted } from './attempted.ts'
import type { ExecutionListener } from './execution.ts'
import type { PrimaryCheck } from './if-shown.ts'
import { TERMS_WITH_SLOT, type ReadTerms } from './read-attempt.ts'
import type { SpillGate } from './spill-gate.ts'
import type { Walk } from './walk.ts'

/** Slot of a read that runs on the primary in place of a replica. */
export type Slot =
  /**
   * It takes one if it needs a lease, and leaves it at its end. If there is none, it calls `noRoom`. If its tier is
   * full there, it calls `full`, or fails without that.
   */
  | {
      readonly gate: SpillGate
      readonly noRoom: () => void
      readonly full?: (() => void) | undefined
      readonly check?: PrimaryCheck
    }
  /** It has one, and calls `leave` at its end. */
  | { readonly leave: () => void }

const ON_PRIMARY: ReadTerms = { timeoutMs: undefined, keeps: false }

/** Returns the options of an attempt on the primary. */
export function termsWith(slot: Slot | undefined): ReadTerms {
  if (slot === undefined) return ON_PRIMARY
  // A copy by `...` of an object costs a microsecond.
  return 'gate' in slot ? { timeoutMs: undefined, keeps: false, gate: slot.gate } : TERMS_WITH_SLOT
}

/**
 * Leaves the slot after an attempt. The permit of its tier is given back by then: the next read in the slot needs one.
 */
export function leaveSlot(slot: Slot | undefined, { hasSlot }: Attempted): void {
  if (slot === undefined) return
  if ('leave' in slot) slot.leave()
  else if (hasSlot === true) slot.gate.leave()
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
