/** The state of a lane. */
export type LaneState =
  /** It takes reads. */
  | { readonly name: 'open' }
  /** Its first read has no answer for long: it takes none until nothing is under way any more. */
  | { readonly name: 'stalled' }
  /**
   * It takes no more, and ends when nobody waits for an answer.
   * `isSpoilt`: the connection is closed then, and not given back.
   */
  | { readonly name: 'closing'; readonly isSpoilt: boolean }
  /** Its connection was lost. `isTold`: one of its reads has failed with that. */
  | { readonly name: 'lost'; readonly isTold: boolean }
  /** Its connection was given back. */
  | { readonly name: 'over' }

export type LaneEvent =
  /** The first read has no answer for too long. */
  | 'stalls'
  /** Nothing is under way any more. */
  | 'empties'
  /** It is not wanted any more. */
  | 'closes'
  /** The connection is of no use to anybody else. */
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

/** Gives the state that follows. What means nothing in a state changes nothing. */
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
