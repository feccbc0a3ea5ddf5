import type { Position } from './position.ts'

/**
 * A position of the primary that is asked for, or was. It is at or after everything that was committed before it was asked
 * for, so all sessions that wrote before then share it.
 */
export interface Fence {
  readonly state: FenceState
  /** Resolves when the state is no longer `asked`. Never rejects. */
  settled(): Promise<void>
}

export type FenceState =
  | { readonly name: 'asked' }
  | { readonly name: 'known'; readonly position: Position }
  /** The primary did not answer, or cannot tell its position. */
  | { readonly name: 'failed' }
