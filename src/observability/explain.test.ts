import { expect, it } from 'vitest'
import { downView, primaryView, replicaView } from '../../test/support/views.ts'
import { explainPlan } from './explain.ts'

it('names the candidates in their order, and who is not one, each with the reason', () => {
  const plan = {
    steps: [
      { node: replicaView('a'), reason: 'replica' },
      { node: replicaView('s', undefined, { isBalanced: true }), reason: 'replica' },
      { node: primaryView('p'), reason: 'fallback' },
    ],
    rejected: [{ node: downView('b'), reason: 'down' }],
  } as const
  expect(explainPlan(plan)).toEqual({
    candidates: [
      { node: 'a', role: 'replica', reason: 'replica' },
      { node: 's', role: 'replica', reason: 'replica', balanced: true },
      { node: 'p', role: 'primary', reason: 'fallback' },
    ],
    rejected: [{ node: 'b', reason: 'down' }],
  })
})
