import { together, type SessionState } from './session-state.ts'
import { stateLeftBy } from './state-left.ts'
import type { Offender, StatementKind, StatementReason, TransactionModes } from './statement.ts'

/** The classification of a statement at some stage. */
export interface Verdict {
  readonly kind: StatementKind
  readonly reason: StatementReason
  readonly offender?: Offender
  readonly modes?: TransactionModes
  readonly mayWrite: boolean
  readonly leavesSessionState: boolean
  readonly leaves?: readonly SessionState[]
}

export function read(reason: StatementReason): Verdict {
  return { kind: 'read', reason, mayWrite: false, leavesSessionState: false }
}

export function write(reason: StatementReason, offender?: Offender): Verdict {
  const verdict = { kind: 'write', reason, mayWrite: true, leavesSessionState: false } as const
  return offender === undefined ? verdict : { ...verdict, offender }
}

/** Returns the verdict on a statement that could not be analyzed and may do anything. */
export function unknown(reason: StatementReason, offender?: Offender): Verdict {
  return leaving(write(reason, offender), 'unknown')
}

/** Adds state that the statement leaves on its connection. */
export function leaving(verdict: Verdict, state: SessionState): Verdict {
  return { ...verdict, leavesSessionState: true, leaves: [state] }
}

export function session(
  reason: StatementReason,
  facts: { readonly leaves: boolean; readonly mayWrite?: boolean },
): Verdict {
  const mayWrite = facts.mayWrite ?? false
  const verdict = { kind: 'session', reason, mayWrite, leavesSessionState: false } as const
  return facts.leaves ? leaving(verdict, stateLeftBy(reason)) : verdict
}

export function transaction(
  reason: StatementReason,
  facts: { readonly mayWrite: boolean; readonly modes?: TransactionModes },
): Verdict {
  const verdict = {
    kind: 'transaction',
    reason,
    mayWrite: facts.mayWrite,
    leavesSessionState: false,
  } as const
  return facts.modes === undefined ? verdict : { ...verdict, modes: facts.modes }
}

const strictness: Readonly<Record<StatementKind, number>> = { read: 0, session: 1, write: 2, transaction: 3 }

function strictnessOf({ kind, reason }: Verdict): number {
  return reason === 'function-session' ? 1.5 : strictness[kind]
}

/**
 * Two verdicts on the same text as one. The stricter gives kind and reason, the first of equals. A write outranks
 * session state because it must reach the primary; transaction control outranks a write because it binds what follows.
 * A function that takes a lock, say, outranks the cursor that it stands in.
 */
export function strictest(first: Verdict, second: Verdict): Verdict {
  const stricter = strictnessOf(second) > strictnessOf(first) ? second : first
  const mayWrite = first.mayWrite || second.mayWrite
  const leavesSessionState = first.leavesSessionState || second.leavesSessionState
  if (!leavesSessionState) return stricter.mayWrite === mayWrite ? stricter : { ...stricter, mayWrite }
  const leaves = together(first.leaves, second.leaves)
  return stricter.mayWrite === mayWrite && stricter.leaves === leaves
    ? stricter
    : { ...stricter, mayWrite, leavesSessionState, leaves }
}

/** The verdict on a text of several statements. Modes are told only if the text only opens a transaction. */
export function strictestOf(verdicts: readonly Verdict[]): Verdict {
  const [first = read('empty'), ...others] = verdicts
  if (others.length === 0) return first
  const { modes: _, ...verdict } = others.reduce(strictest, first)
  const opensOnly = verdicts.every(({ reason }) => reason === 'begin' || reason === 'set-transaction')
  const modes = verdicts.reduce<TransactionModes>((all, one) => ({ ...all, ...one.modes }), {})
  return opensOnly && Object.keys(modes).length > 0 ? { ...verdict, modes } : verdict
}
