import { describe, expect, it } from 'vitest'
import { runBench } from './run-bench.ts'

/** Short runs: whether what they write is sound, not what they measure. */
const ENVIRONMENT = { cores: expect.any(Number), node: process.version, pg: expect.any(String) }

const isSvg = expect.stringMatching(/^<svg [^]*<\/svg>\s*$/)

interface Cell {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly errors: number
  readonly offload: number
  readonly staleReads: number
  readonly shares: Readonly<Record<string, number>>
}

interface WritesCell {
  readonly case?: string
  readonly sessions: string
  readonly contenders: Readonly<Record<string, WritesFigures>>
  readonly overBare: { readonly readsPerSecond: { readonly median: number } }
}

interface WritesFigures {
  readonly readsPerSecond: number
  readonly reads: { readonly p50Ms: number; readonly p99Ms: number }
  readonly writes: { readonly count: number }
  readonly primaryShare: number
  readonly staleReads: number
  readonly errors: number
}

function expectSound(cells: readonly Cell[]): void {
  for (const cell of cells) {
    expect(cell.count).toBeGreaterThan(10)
    expect(cell.errors).toBe(0)
    expect(cell.p50Ms).toBeGreaterThan(0)
    expect(cell.p99Ms).toBeGreaterThanOrEqual(cell.p50Ms)
    expect(cell.p999Ms).toBeGreaterThanOrEqual(cell.p99Ms)
  }
}

describe('the benchmarks run, and write what can be read', () => {
  it('policies', { timeout: 120_000 }, async () => {
    const args = ['--seconds', '0.3', '--rate', '100', '--scenarios', 'equal,one flapping', '--lags', '20']
    await runBench('policies', args, ({ result, file }) => {
      expect(result).toMatchObject({ bench: 'policies', seed: 1, ...ENVIRONMENT })
      const balancers = result['balancers'] as readonly Cell[]
      expect(balancers).toHaveLength(2 * 6)
      expectSound(balancers)
      for (const { shares } of balancers) {
        expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2)
      }
      const consistency = result['consistency'] as readonly Cell[]
      expectSound(consistency)
      // By time alone a process that writes 20 times a second reads from the primary, once it has begun to write.
      expect(consistency.map(({ offload }) => offload < 0.6)).toEqual([true, false, true, false, false])
      expect(consistency[0]?.offload).toBe(0)
      const [strong, causal] = consistency
      expect([strong?.staleReads, causal?.staleReads]).toEqual([0, 0])
      for (const name of ['policies-p99', 'policies-share', 'consistency-offload', 'consistency-stale']) {
        expect(file(`${name}.svg`)).toEqual(isSvg)
      }
    })
  })

  it('scale', { timeout: 60_000 }, async () => {
    const args = ['--seconds', '1', '--replicas', '1,2', '--service-ms', '100', '--max', '2']
    await runBench('scale', args, ({ result, file }) => {
      expect(result).toMatchObject({ bench: 'scale', ...ENVIRONMENT })
      const sizes = result['results'] as readonly { replicas: number; perSecond: number; offload: number }[]
      expect(sizes.map(({ replicas }) => replicas)).toEqual([1, 2])
      for (const { offload, perSecond, replicas } of sizes) {
        expect(offload).toBe(1)
        expect(perSecond).toBeGreaterThan(0)
        // No more than there are connections for; what was answered in the last moment counts in full.
        expect(perSecond).toBeLessThan(replicas * 20 * 1.3)
      }
      expect(file('scale.svg')).toEqual(isSvg)
    })
  })

  it('tiers', { timeout: 60_000 }, async () => {
    await runBench('tiers', ['--seconds', '0.5', '--rounds', '1', '--rate', '40'], ({ result }) => {
      expect(result).toMatchObject({ bench: 'tiers', seed: 1, ...ENVIRONMENT })
      const [round] = result['rounds'] as readonly Record<string, Cell>[]
      expect(Object.keys(round ?? {})).toHaveLength(3)
      expectSound(Object.values(round ?? {}))
      expect(result['p99WithTiers']).toBeTypeOf('number')
    })
  })

  it('peers', { timeout: 60_000 }, async () => {
    await runBench('peers', ['--rounds', '2', '--round-ms', '200', '--callers', '4'], ({ result, file }) => {
      expect(result).toMatchObject({ bench: 'peers', ...ENVIRONMENT })
      const results = result['results'] as readonly { name: string; perSecond: number }[]
      const skipped = result['skipped'] as Record<string, string>
      // Whatever is not there is named, and why.
      expect(results.length + Object.keys(skipped).length).toBe(8)
      for (const reason of Object.values(skipped)) expect(reason).not.toBe('')
      for (const { perSecond } of results) expect(perSecond).toBeGreaterThan(0)
      expect(file('peers.svg')).toEqual(isSvg)
    })
  })

  it('writes', { timeout: 120_000 }, async () => {
    const args = ['--quick', '--lag', '20', '--eventual', 'another-table,same-rows']
    await runBench('writes', args, ({ result, file }) => {
      expect(result).toMatchObject({ bench: 'writes', ...ENVIRONMENT })
      const matrix = result['matrix'] as readonly WritesCell[]
      const mix = result['mix'] as readonly WritesCell[]
      expect([matrix.length, mix.length]).toEqual([3 * 2, 2])
      for (const { contenders, overBare } of [...matrix, ...mix]) {
        for (const { errors, primaryShare, reads, readsPerSecond, writes } of Object.values(contenders)) {
          expect(errors).toBe(0)
          expect(readsPerSecond).toBeGreaterThan(0)
          expect(reads.p50Ms).toBeGreaterThan(0)
          expect(reads.p99Ms).toBeGreaterThanOrEqual(reads.p50Ms)
          expect(writes.count).toBeGreaterThan(0)
          expect(primaryShare).toBeGreaterThanOrEqual(0)
          expect(primaryShare).toBeLessThanOrEqual(1)
        }
        expect(overBare.readsPerSecond.median).toBeGreaterThan(0)
        expect(contenders['bare']?.staleReads).toBe(0)
        expect(contenders['causal']?.staleReads).toBe(0)
      }
      // The check notices stale reads: nothing keeps these from the rows that are written.
      const sameRows = matrix.find((cell) => cell.case === 'same-rows' && cell.sessions === 'none')
      expect(sameRows?.contenders['eventual']?.staleReads).toBeGreaterThan(0)
      for (const name of ['writes-none-4', 'writes-request-4', 'writes-mix']) {
        expect(file(`${name}.svg`)).toEqual(isSvg)
      }
      const nobodyReads = result['nobodyReads'] as { writes: number; questionsPerWrite: number }
      expect(Math.abs(nobodyReads.writes - 1000)).toBeLessThan(10)
      expect(nobodyReads.questionsPerWrite).toBeLessThan(0.05)
    })
  })
})
