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
      // By time alone a process that writes 20 times a second reads from the primary.
      expect(consistency.map(({ offload }) => offload === 0)).toEqual([true, false, true, false, false])
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
})
