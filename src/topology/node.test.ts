import { describe, expect, it } from 'vitest'
import { down, observed, up } from '../../test/support/views.ts'
import { PENDING, transition, type NodeEvent, type NodeState } from './node.ts'

const observation = observed('replica', '0/2000')
const cause = new Error('read ECONNRESET')

describe('transition', () => {
  it.each([
    ['pending', PENDING],
    ['up', up(observed('primary', '0/1000'))],
    ['down', down()],
  ])('the last observation counts: %s → up', (_name, state) => {
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

  const suspected: NodeState = { name: 'suspected', cause, sinceMs: 2000 }
  const suspicion = { type: 'suspected', cause, atMs: 2000 } as const
  const seenAt = (sentAtMs: number): NodeEvent => ({
    type: 'observed',
    observation: observed('replica', '0/2000', { sentAtMs }),
  })

  it.each([
    ['pending', PENDING, undefined],
    ['up', up(observation), observation],
    ['suspected', { name: 'suspected', cause: new Error('before'), sinceMs: 100 } as const, undefined],
    [
      'suspected',
      { name: 'suspected', cause: new Error('before'), sinceMs: 100, last: observation } as const,
      observation,
    ],
  ])('%s → suspected, since now, with what it was before', (_name, state, last) => {
    expect(transition(state, suspicion)).toEqual(last === undefined ? suspected : { ...suspected, last })
  })

  it('a node that is down stays so when it is suspected', () => {
    expect(transition(down('first', 900), suspicion)).toEqual(down('first', 900))
  })

  it.each([
    ['asked before the suspicion, is no proof', 1999, 'suspected'],
    ['asked since, is one', 2000, 'up'],
  ])('an answer that was %s', (_name, sentAtMs, expected) => {
    expect(transition(suspected, seenAt(sentAtMs)).name).toBe(expected)
  })

  it.each([
    ['up', up(observation), 'up'],
    ['pending', PENDING, 'down'],
    ['suspected', suspected, 'down'],
    ['down', down(), 'down'],
  ])('a refusal for lack of slots, when it was %s: %s', (_name, state, expected) => {
    const full = Object.assign(new Error('sorry, too many clients already'), { code: '53300' })
    const after = transition(state, { type: 'failed', cause: full, atMs: 3000 })
    expect(after.name).toBe(expected)
    if (expected === 'up') expect(after).toBe(state)
  })

  it('a refusal for lack of slots is no reason to suspect', () => {
    const full = Object.assign(new Error('sorry, too many clients already'), { code: '53300' })
    const state = up(observation)
    expect(transition(state, { type: 'suspected', cause: full, atMs: 3000 })).toBe(state)
  })
})
