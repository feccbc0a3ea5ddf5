import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { frozenGround, isWhole, runFrozen, type Freeze } from '../proofs/frozen-run.ts'

// `npm run proof:frozen` does the same with all fates for 30 seconds.

let cluster: Cluster
beforeAll(async () => {
  cluster = await frozenGround()
})
afterAll(() => cluster?.stop())

/** Longer than a check of connections takes to give up, and shorter than a process may sleep and keep its knowledge. */
const SHORT_MS = 2_500
/** Long enough for all knowledge to be dropped. */
const LONG_MS = 5_500

const HALF_A_MINUTE_MS = 30_000

const FREEZES: readonly Freeze[] = [
  { fate: 'closed', frozenMs: SHORT_MS },
  { fate: 'lost', frozenMs: SHORT_MS },
  { fate: 'kept', frozenMs: SHORT_MS },
  { fate: 'lost', frozenMs: LONG_MS },
  { fate: 'lost', frozenMs: LONG_MS, options: { lifecycle: 'suspending' } },
  { fate: 'closed', frozenMs: LONG_MS, options: { lifecycle: 'suspending' } },
  { fate: 'lost', frozenMs: HALF_A_MINUTE_MS },
]

test(
  'a process that was frozen loses no read and no write, and writes nothing twice',
  { timeout: 120_000 },
  async () => {
    const thaws = await Promise.all(FREEZES.map((freeze) => runFrozen(cluster, freeze)))
    expect(thaws.filter((thaw) => !isWhole(thaw))).toEqual([])
    expect(thaws.map(({ rows }) => rows.length)).toEqual(FREEZES.map(() => 16))
  },
)
