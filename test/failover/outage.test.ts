import { expect, test } from 'vitest'
import { runOutage } from '../proofs/outage-run.ts'

test('while there is no primary, readers read on, and writers hear clearly', async ({ annotate }) => {
  const figures = await runOutage({ callers: 8, outageMs: 2_500, failoverTimeoutMs: 700 })
  await annotate(JSON.stringify(figures))
  expect(figures).toMatchObject({ failedReads: 0, readErrors: {} })
  expect(figures.readsWithoutPrimary).toBeGreaterThan(100)
  expect(figures.refused['SWITCHYARD_NO_PRIMARY not-sent']).toBeGreaterThan(0)
  const others = Object.keys(figures.refused).filter((text) => !text.startsWith('SWITCHYARD_NO_PRIMARY'))
  for (const text of others) expect(text).toMatch(/ unknown$/)
  expect(figures.writesAgainAfterMs).toBeLessThan(2_000)
})
