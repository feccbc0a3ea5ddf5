import { expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import { CausalBench } from '../support/causal-bench.ts'
import { EndlessSessions, WRITE, writingBehind } from '../support/endless-sessions.ts'
import { Tally } from '../support/ground.ts'
import { until } from '../support/servers.ts'

const bench = CausalBench.forTests({ settings: { recovery_min_apply_delay: '20ms' } })

/** Share of the primary in the next reads. */
async function primaryShare(pool: Pool, sessions: EndlessSessions): Promise<number> {
  const tally = new Tally(pool)
  const before = sessions.reads
  await until('they have read', () => sessions.reads >= before + 200)
  const [primary = 0, ...replicas] = tally.reads()
  return primary / (primary + replicas.reduce((sum, reads) => sum + reads, 0))
}

async function write(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ version: number }>(WRITE)
  return rows[0]?.version ?? -1
}

/** Opens a pool that knows that the replicas take long. */
async function openAware(): Promise<Pool> {
  const pool = await bench.open({ catchUpTimeoutMs: 1_000 })
  await until('it is known that the replicas take long', async () => {
    await write(pool)
    const { plan } = await pool.explain('select version from notes where id = 1')
    return plan.candidates[0]?.reason === 'sooner'
  })
  return pool
}

it.each([
  ['and nobody else writes', undefined],
  ['while others write', 5],
])('an endless session that wrote once comes back to the replicas %s', async (_name, gapMs) => {
  const pool = await openAware()
  const stopWriting = gapMs === undefined ? undefined : writingBehind(bench, gapMs)
  const sessions = new EndlessSessions(pool, 2, () => write(pool))
  try {
    expect(await primaryShare(pool, sessions)).toBeGreaterThan(0)
    await until('no read is on the primary', async () => (await primaryShare(pool, sessions)) === 0)
  } finally {
    await stopWriting?.()
    await sessions.stop()
  }
  expect(sessions.backwards).toBe(0)
})
