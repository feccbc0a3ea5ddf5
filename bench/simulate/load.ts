import { createRandom, type Random } from '../../src/cli/demo/random.ts'
import type { Figures, Scenario } from './scenario.ts'
import { READS, WRITE } from './statements.ts'

/** The part of a pool that a load uses. */
export interface LoadedPool {
  query(text: string, values: readonly unknown[]): Promise<unknown>
  stats(): { readonly nodes: readonly { readonly reads: number }[] }
}

/**
 * Runs a load against a pool, and returns its figures.
 * @param spend Called for each answer: lets the time of the process pass where no real work does.
 */
export async function runLoad(
  pool: LoadedPool,
  scenario: Scenario,
  spend: () => void = () => {},
): Promise<Figures> {
  const {
    callers,
    readMs,
    readsPerSecond,
    rows,
    scope,
    seconds,
    seed,
    warmUpSeconds,
    writeMs,
    writesPerSecond,
  } = scenario
  const warmAtMs = performance.now() + 1000 * warmUpSeconds
  const endsAtMs = warmAtMs + 1000 * seconds
  const reads: number[] = []
  const writes: number[] = []
  let errors = 0
  const send = async (text: string, ms: number, random: Random, took: number[]): Promise<void> => {
    const id = random.integer(1, rows)
    const worksMs = scenario.times === 'constant' ? ms : -Math.log(1 - random.next()) * ms
    const beganMs = performance.now()
    const failed = await pool.query(text, [id, worksMs / 1000]).then(
      () => false,
      () => true,
    )
    spend()
    const endedMs = performance.now()
    if (endedMs < warmAtMs || endedMs > endsAtMs) return
    if (failed) errors += 1
    else took.push(endedMs - beganMs)
  }
  const caller = async (random: Random): Promise<void> => {
    while (performance.now() < endsAtMs) await send(READS[scope], readMs, random, reads)
  }
  const arrivals = async (perSecond: number, random: Random, once: () => Promise<void>): Promise<void> => {
    const pending: Promise<void>[] = []
    let dueMs = performance.now()
    for (;;) {
      dueMs += (-Math.log(1 - random.next()) * 1000) / perSecond
      if (!(dueMs < endsAtMs)) break
      const waitMs = dueMs - performance.now()
      if (waitMs > 0) await pause(waitMs)
      pending.push(once())
    }
    await Promise.all(pending)
  }
  const before = pause(1000 * warmUpSeconds).then(() => readsOf(pool))
  const after = pause(1000 * (warmUpSeconds + seconds)).then(() => readsOf(pool))
  const [readRandom, writeRandom] = [createRandom(seed + 1), createRandom(seed + 2)]
  await Promise.all([
    ...Array.from({ length: readsPerSecond > 0 ? 0 : callers }, (_, index) =>
      caller(createRandom(seed * 1_000_003 + index)),
    ),
    arrivals(readsPerSecond, readRandom, () => send(READS[scope], readMs, readRandom, reads)),
    arrivals(writesPerSecond, writeRandom, () => send(WRITE, writeMs, writeRandom, writes)),
  ])
  const [atStart, atEnd] = await Promise.all([before, after])
  const counts = atEnd.map((count, index) => count - (atStart[index] ?? 0))
  const sum = counts.reduce((total, count) => total + count, 0)
  const shares = counts.map((count) => rounded(count / sum, 4))
  reads.sort((a, b) => a - b)
  writes.sort((a, b) => a - b)
  return {
    perSecond: rounded(reads.length / seconds),
    meanMs: rounded(reads.reduce((total, ms) => total + ms, 0) / reads.length, 3),
    p50Ms: rounded(at(reads, 0.5)),
    p99Ms: rounded(at(reads, 0.99)),
    writesPerSecond: rounded(writes.length / seconds),
    writeP50Ms: rounded(at(writes, 0.5)),
    shares,
    offload: rounded(1 - (shares[0] ?? 0), 4),
    errors,
  }
}

function readsOf(pool: LoadedPool): readonly number[] {
  return pool.stats().nodes.map(({ reads }) => reads)
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
