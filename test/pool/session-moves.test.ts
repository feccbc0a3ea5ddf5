import { expect, it } from 'vitest'
import { leastInFlight, type Balancer, type Pool } from '../../src/index.ts'
import { TURN_MS } from '../../src/router/session-moves.ts'
import { CausalBench } from '../support/causal-bench.ts'
import { EndlessSessions, WRITE, writingBehind } from '../support/endless-sessions.ts'
import { Tally } from '../support/ground.ts'
import { ask, until } from '../support/servers.ts'

const bench = CausalBench.forTests()

const SESSIONS = 8

/** How many of the next reads each replica answers. */
async function readsOf(pool: Pool, sessions: EndlessSessions): Promise<readonly [number, number]> {
  const tally = new Tally(pool)
  const before = sessions.reads
  await until('they have read', () => sessions.reads >= before + 500)
  const [, a = 0, b = 0] = tally.reads()
  return [a, b]
}

it.each([
  ['and nobody writes', undefined],
  ['while others write', 5],
])('a replica that comes back has its share of endless sessions %s', async (_name, gapMs) => {
  // The default balancer also counts how slow the replica was in its last reads.
  const pool = await bench.open({ balancer: leastInFlight() })
  const returning = bench.replica(1)
  await returning.stop()
  await until('it is out', () => pool.stats().nodes[2]?.state === 'down')
  const sessions = new EndlessSessions(pool, SESSIONS)
  const stopWriting = gapMs === undefined ? undefined : writingBehind(bench, gapMs)
  try {
    const [alone, none] = await readsOf(pool, sessions)
    expect(alone).toBeGreaterThan(0)
    expect(none).toBe(0)
    await returning.start()
    await until('it is back', () => pool.stats().nodes[2]?.state === 'replica')
    await until('it has its share', async () => {
      const [a, b] = await readsOf(pool, sessions)
      return b > 0.3 * (a + b)
    })
  } finally {
    await stopWriting?.()
    await sessions.stop()
  }
  expect(sessions.backwards).toBe(0)
})

it('no session moves to a replica that is behind what it has seen', async () => {
  const byChance: Balancer = { order: (nodes) => (Math.random() < 0.5 ? nodes : nodes.toReversed()) }
  const pool = await bench.open({ balancer: byChance })
  await bench.paused([1], async () => {
    await ask(bench.cluster.primary.config, WRITE)
    const sessions = new EndlessSessions(pool, SESSIONS)
    const startedAtMs = performance.now()
    await until('there have been several turns', () => performance.now() > startedAtMs + 6 * TURN_MS)
    await sessions.stop()
    expect(sessions.backwards).toBe(0)
  })
})

it('sessions ride lanes', async () => {
  const pool = await bench.open()
  let released = 0
  const sessions = new EndlessSessions(pool, SESSIONS)
  await until('they have read', () => sessions.reads > 500)
  pool.on('release', () => (released += 1))
  const before = sessions.reads
  await until('they have read more', () => sessions.reads > before + 1000)
  await sessions.stop()
  // Over leases it would have been once for each read.
  expect(released).toBeLessThan(100)
  expect(sessions.backwards).toBe(0)
})
