import { expect, test } from 'vitest'
import { runRest } from '../proofs/rest-run.ts'

// `npm run proof:rest` does the same with the default options, a minute after the last use, for a minute.
test(
  'pools that nobody uses leave no connection, and no server runs a statement for them',
  { timeout: 120_000 },
  async () => {
    const { resting, used } = await runRest({ idleTimeoutMillis: 1_000, windowMs: 3_000 })
    for (const { statements, transactions } of used) {
      expect(statements).toBeGreaterThan(0)
      expect(transactions).toBeGreaterThan(0)
    }
    expect(resting).toHaveLength(3)
    for (const work of resting) expect(work).toMatchObject({ connections: 0, statements: 0, transactions: 0 })
  },
)
