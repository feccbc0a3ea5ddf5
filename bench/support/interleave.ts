/** One way of doing the same work. */
export interface Contender {
  readonly name: string
  /** Does the work once. */
  readonly once: () => Promise<unknown>
}

export interface Comparison {
  readonly callers: number
  /** Operations per second, the median of all rounds. */
  readonly throughput: Readonly<Record<string, number>>
  /** Throughput of the second contender over the first, pair by pair of neighbouring rounds. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number }
  readonly rounds: number
  readonly roundMs: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >>> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Runs `once` with `callers` at a time for `durationMs`; operations per second. */
async function throughputOf(
  once: () => Promise<unknown>,
  callers: number,
  durationMs: number,
): Promise<number> {
  let operations = 0
  const startedAt = performance.now()
  const deadline = startedAt + durationMs
  const caller = async (): Promise<void> => {
    while (performance.now() < deadline) {
      await once()
      operations += 1
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (operations * 1000) / (performance.now() - startedAt)
}

/**
 * Measures two contenders in turn, in one process: A B, B A, A B and so on. A machine that gets slower or faster
 * meanwhile does so for both. So the ratio of neighbouring rounds holds where absolute figures do not.
 */
export async function compare(
  [a, b]: readonly [Contender, Contender],
  callers: number,
  rounds: number,
  roundMs: number,
): Promise<Comparison> {
  await throughputOf(a.once, callers, roundMs)
  await throughputOf(b.once, callers, roundMs)
  const measured: { a: number; b: number }[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await throughputOf(a.once, callers, roundMs)
      measured.push({ a: first, b: await throughputOf(b.once, callers, roundMs) })
    } else {
      const first = await throughputOf(b.once, callers, roundMs)
      measured.push({ b: first, a: await throughputOf(a.once, callers, roundMs) })
    }
  }
  const ratios = measured.map((pair) => pair.b / pair.a)
  return {
    callers,
    throughput: {
      [a.name]: Math.round(median(measured.map((pair) => pair.a))),
      [b.name]: Math.round(median(measured.map((pair) => pair.b))),
    },
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    rounds,
    roundMs,
  }
}
