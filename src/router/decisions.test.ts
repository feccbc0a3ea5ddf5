import { describe, expect, test } from 'vitest'
import { decisions } from '../../test/cases/decisions.ts'
import { decisionIn } from '../../test/support/decision-bench.ts'

describe.each(Object.entries(decisions))('%s', (_topic, cases) => {
  test.each(cases)('%j, %j: %s, and runs on %s', async (query, situation, decision, reached) => {
    expect(await decisionIn(query, situation)).toEqual([decision, reached])
  })
})
