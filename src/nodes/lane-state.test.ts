import { describe, expect, it } from 'vitest'
import { OPEN, transition, type LaneEvent, type LaneState } from './lane-state.ts'

const STATES: Readonly<Record<string, LaneState>> = {
  open: OPEN,
  stalled: { name: 'stalled' },
  closing: { name: 'closing', isSpoilt: false },
  spoilt: { name: 'closing', isSpoilt: true },
  lost: { name: 'lost', isTold: false },
  told: { name: 'lost', isTold: true },
  over: { name: 'over' },
}

/** Of each state what each event makes of it; where none is named, it stays. */
const ROWS: readonly (readonly [string, Partial<Record<LaneEvent, string>>])[] = [
  [
    'open',
    {
      stalls: 'stalled',
      closes: 'closing',
      spoils: 'spoilt',
      'loses-connection': 'lost',
      'gives-back': 'over',
    },
  ],
  [
    'stalled',
    {
      empties: 'open',
      closes: 'closing',
      spoils: 'spoilt',
      'loses-connection': 'lost',
      'gives-back': 'over',
    },
  ],
  ['closing', { spoils: 'spoilt', 'loses-connection': 'lost', 'gives-back': 'over' }],
  ['spoilt', { 'loses-connection': 'lost', 'gives-back': 'over' }],
  ['lost', { tells: 'told' }],
  ['told', {}],
  ['over', {}],
]

const EVENTS: readonly LaneEvent[] = [
  'stalls',
  'empties',
  'closes',
  'spoils',
  'loses-connection',
  'tells',
  'gives-back',
]

describe.each(ROWS)('a lane that is %s', (from, changes) => {
  it.each(EVENTS)('and %s', (event) => {
    const state = STATES[from] ?? OPEN
    expect(transition(state, event)).toEqual(STATES[changes[event] ?? from])
  })
})
