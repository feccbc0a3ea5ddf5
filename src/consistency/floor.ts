import type { Position } from './position.ts'

/**
 * A position of the primary that has been requested. It is at or after everything committed before the request, so all
 * sessions that wrote before then share it.
 */
export interface Floor {
  readonly state: FloorState
  /** Resolves when the state is no longer `asked`. Never rejects. */
  settled(): Promise<void>
}

export type FloorState =
  | { readonly name: 'asked' }
  | { readonly name: 'known'; readonly position: Position }
  /** The primary did not answer, or did not report its position. */
  | { readonly name: 'failed' }
