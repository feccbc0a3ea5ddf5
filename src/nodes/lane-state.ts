/** The state of a lane. */
export type LaneState =
  /** It accepts reads. */
  | { readonly name: 'open' }
  /** Its first read has waited long for its answer. It accepts no reads until it is empty. */
  | { readonly name: 'stalled' }
  /**
   * It accepts no reads, and ends when no caller waits for an answer. `isSpoilt`: the connection is then closed instead
   * of returned.
   */
  | { readonly name: 'closing'; readonly isSpoilt: boolean }
  /** Its connection was lost. `isTold`: one of its reads has failed with that error. */
  | { readonly name: 'lost'; readonly isTold: boolean }
  /** Its connection was returned. */
  | { readonly name: 'over' }

export type LaneEvent =
  /** The first read has waited too long for its answer. */
  | 'stalls'
  /** No read is in flight any more. */
  | 'empties'
  /** It is no longer needed. */
  | 'closes'
  /** The connection must not be reused. */
  | 'spoils'
  | 'loses-connection'
  /** A read has failed because the connection was lost. */
  | 'tells'
  | 'gives-back'

export const OPEN: LaneState = { name: 'open' }
const STALLED: LaneState = { name: 'stalled' }
const CLOSING: LaneState = { name: 'closing', isSpoilt: false }
const SPOILT: LaneState = { name: 'closing', isSpoilt: true }
const LOST: LaneState = { name: 'lost', isTold: false }
const TOLD: LaneState = { name: 'lost', isTold: true }
const OVER: LaneState = { name: 'over' }

/** Returns the state after an event. Events without a meaning in a state are ignored. */
export function transition(state: LaneState, event: LaneEvent): LaneState {
  if (state.name === 'over') return state
  if (state.name === 'lost') return event === 'tells' ? TOLD : state
  switch (event) {
    case 'stalls':
      return state.name === 'open' ? STALLED : state
    case 'empties':
      return state.name === 'stalled' ? OPEN : state
    case 'closes':
      return state.name === 'closing' ? state : CLOSING
    case 'spoils':
      return SPOILT
    case 'loses-connection':
      return LOST
    case 'tells':
      return state
    case 'gives-back':
      return OVER
    default:
      throw new Error(`Unexpected event: ${String(event satisfies never)}`)
  }
}
