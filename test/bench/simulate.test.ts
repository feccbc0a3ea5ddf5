import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cores } from '../../bench/simulate/cores.ts'
import { bounds, type Environment, type Figures, type Scenario } from '../../bench/simulate/scenario.ts'
import { compileCommand, type Compiled } from '../simulation/compiled.ts'

interface Result {
  readonly environment: Environment
  readonly results: readonly { readonly scenario: Scenario; readonly figures: Figures }[]
}

let bench: Compiled
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pg-switchyard-bench-'))
  bench = await compileCommand('bench/tsconfig.json', 'bench/simulate/main.js', 'bench')
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await bench[Symbol.asyncDispose]()
})

async function simulate(...args: readonly string[]): Promise<Result> {
  const out = join(directory, 'simulate.json')
  const { code } = await bench.run(...args, '--out', out)
  expect(code).toBe(0)
  return JSON.parse(readFileSync(out, 'utf8')) as Result
}

/** Share of arrivals that wait for one of the servers (Erlang's formula C). */
function erlangC(servers: number, offered: number): number {
  let blocked = 1
  for (let n = 1; n <= servers; n++) blocked = (offered * blocked) / (n + offered * blocked)
  const used = offered / servers
  return blocked / (1 - used + used * blocked)
}

describe('the cores of a simulated server', () => {
  it('work on one statement each, in the order of their arrival', () => {
    const cores = new Cores(2)
    expect([10, 10, 5, 5].map((ms) => cores.work(100, ms))).toEqual([10, 10, 15, 15])
    expect(cores.work(112, 10)).toBe(13)
    expect(cores.work(200, 10)).toBe(10)
  })

  it('may be any number', () => {
    const cores = new Cores(0)
    expect([10, 10].map((ms) => cores.work(0, ms))).toEqual([10, 10])
  })
})

describe('the simulation of capacity', () => {
  it('stays within the limits of a closed loop, and reaches them', { timeout: 240_000 }, async () => {
    const args = ['--constant', '--spill', '0', '--cores', '2', '--operations', '4000']
    const { environment, results } = await simulate(...args, '--replicas', '1,4', '--callers', '4,64')
    expect(results).toHaveLength(4)
    for (const { figures, scenario } of results) {
      const most = Math.min(...Object.values(bounds(scenario, environment)))
      expect(figures.errors).toBe(0)
      expect(figures.perSecond / most).toBeLessThan(1.01)
      expect(figures.perSecond / most).toBeGreaterThan(0.9)
      // Little's law: so many callers are waiting for an answer at any time.
      expect((figures.perSecond * figures.meanMs) / 1000 / scenario.callers).toBeCloseTo(1, 1)
    }
  })

  it('is bound by the one thread of the process', { timeout: 240_000 }, async () => {
    const args = ['--replicas', '50', '--callers', '1000', '--process-ms', '0.5', '--operations', '4000']
    const { results } = await simulate(...args)
    expect(results[0]?.figures.perSecond).toBeLessThan(2000 * 1.01)
    expect(results[0]?.figures.perSecond).toBeGreaterThan(2000 * 0.9)
  })

  it('waits as long as the formulas say (M/D/1 and M/M/4)', { timeout: 240_000 }, async () => {
    const args = ['--spill', '0', '--replicas', '1', '--max', '200', '--process-ms', '0', '--read-ms', '10']
    const measure = async (...given: readonly string[]): Promise<{ perMs: number; waitMs: number }> => {
      const { environment, results } = await simulate(...args, ...given)
      const { meanMs = 0, perSecond = 0 } = results[0]?.figures ?? {}
      return { perMs: perSecond / 1000, waitMs: meanMs - 10 - 2 * environment.networkMs }
    }
    const one = await measure('--constant', '--cores', '1', '--reads', '70')
    const used = 10 * one.perMs
    expect(one.waitMs / ((10 * used) / (2 * (1 - used)))).toBeCloseTo(1, 0.7)
    const four = await measure('--cores', '4', '--reads', '320')
    const offered = 10 * four.perMs
    expect(four.waitMs / ((erlangC(4, offered) * 10) / (4 - offered))).toBeCloseTo(1, 0.7)
  })

  it('gives the same figures for the same seed', { timeout: 240_000 }, async () => {
    const args = ['--writes', '50', '--lag', '20', '--operations', '1000']
    const [once, again] = [await simulate(...args), await simulate(...args)]
    expect(once.results[0]?.figures.writesPerSecond).toBeGreaterThan(0)
    expect(once.results[0]?.figures).toEqual(again.results[0]?.figures)
  })

  it('draws its curves', { timeout: 240_000 }, async () => {
    const { results } = await simulate('--only', 'lag', '--operations', '300')
    expect(results).toHaveLength(25)
    expect(readFileSync(join(directory, 'simulate-lag.svg'), 'utf8')).toMatch(/^<svg [^]*<\/svg>\s*$/)
  })

  it('is compared with a real cluster', { timeout: 240_000 }, async () => {
    const out = join(directory, 'simulate.json')
    const { code, lines } = await bench.run('--compare', '--only', '300 ms', '--rounds', '1', '--out', out)
    expect(code).toBe(0)
    expect(lines.filter((line) => /^ {2}(?:real|simulated) /.test(line))).toHaveLength(2)
    const { compared } = JSON.parse(readFileSync(join(directory, 'simulate-compare.json'), 'utf8')) as {
      compared: readonly { readonly real: Figures; readonly simulated: Figures }[]
    }
    for (const { real, simulated } of compared) {
      expect([real.errors, simulated.errors]).toEqual([0, 0])
      expect(real.writesPerSecond).toBeGreaterThan(5)
      expect(simulated.shares).toHaveLength(real.shares.length)
    }
  })
})
