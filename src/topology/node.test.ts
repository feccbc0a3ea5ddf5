import { describe, expect, it } from 'vitest'
import { down, observed, up } from '../../test/support/views.ts'
import { PENDING, transition } from './node.ts'

const observation = observed('replica', '0/2000')
const cause = new Error('read ECONNRESET')

describe('transition', () => {
  it.each([
    ['pending', PENDING],
    ['up', up(observed('primary', '0/1000'))],
    ['down', down()],
  ])('whatever was seen last counts: %s → up', (_name, state) => {
    expect(transition(state, { type: 'observed', observation })).toEqual({ name: 'up', observation })
  })

  it.each([
    ['pending', PENDING],
    ['up', up(observation)],
  ])('%s → down, since now', (_name, state) => {
    expect(transition(state, { type: 'failed', cause, atMs: 1234 })).toEqual({
      name: 'down',
      cause,
      sinceMs: 1234,
    })
  })

  it('a node that is down stays down since it first failed, for the newest cause', () => {
    expect(transition(down('first', 900), { type: 'failed', cause, atMs: 1234 })).toEqual({
      name: 'down',
      cause,
      sinceMs: 900,
    })
  })
})
