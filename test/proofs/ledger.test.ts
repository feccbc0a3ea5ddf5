import { expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { Ledger } from './ledger.ts'

/** Answers writes as the list says, in that order. */
function poolThat(...answers: readonly (Error | 'ok')[]): Pool {
  let next = 0
  const query = async (): Promise<unknown> => {
    const answer = answers[next++]
    if (answer instanceof Error) throw answer
    return { rows: [{ port: 1 }] }
  }
  return { query } as unknown as Pool
}

function failed(outcome?: string): Error {
  return Object.assign(new Error('Connection terminated'), outcome !== undefined && { outcome })
}

test('the ledger finds what it is there to find', async () => {
  const ledger = new Ledger(
    poolThat('ok', 'ok', 'ok', failed('not-sent'), failed('unknown'), failed('unknown'), failed()),
  )
  for (let n = 0; n < 7; n++) await ledger.write(1, n)
  const row = (n: number): { writer: number; n: number } => ({ writer: 1, n })
  expect(ledger.reckon([0, 1, 2, 5].map(row))).toMatchObject({
    acknowledged: 3,
    lost: 0,
    doubled: 0,
    denied: 0,
    strange: 0,
    unknownPresent: 1,
    told: { acknowledged: 3, 'not-sent': 1, 'rolled-back': 0, unknown: 2, refused: 1 },
  })
  expect(ledger.reckon([0, 0, 2, 3, 6, 99].map(row))).toMatchObject({
    acknowledged: 3,
    lost: 1,
    doubled: 1,
    denied: 2,
    strange: 1,
    unknownPresent: 0,
  })
})
