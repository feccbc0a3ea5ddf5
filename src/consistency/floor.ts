import type { Position } from './position.ts'

/**
 * A position of the primary that is asked for, or was. It is at or after everything that was committed before it was asked
 * for, so all sessions that wrote before then share it.
 */
export interface Floor {
  readonly state: FloorState
  /** Resolves when the state is no longer `asked`. Never rejects. */
  settled(): Promise<void>
}

export type FloorState =
  | { readonly name: 'asked' }
  | { readonly name: 'known'; readonly position: Position }
  /** The primary did not answer, or cannot tell its position. */
  | { readonly name: 'failed' }
