import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileSimulation, type Compiled } from '../compiled.ts'

let simulation: Compiled

beforeAll(async () => {
  simulation = await compileSimulation()
})
afterAll(() => simulation[Symbol.asyncDispose]())

describe('the simulation', () => {
  it('breaks no promise in 300 schedules', { timeout: 600_000 }, async () => {
    const { code, lines } = await simulation.run('--from', '5001', '--schedules', '300')
    expect(lines.filter((line) => line.startsWith('seed '))).toEqual([])
    expect(code).toBe(0)
  })

  it('finds defects of three kinds', { timeout: 600_000 }, async () => {
    const chosen = ['stale-by-time', 'reads-go-back', 'outcome-not-sent']
    const { lines } = await simulation.run('--defects', ...chosen.flatMap((name) => ['--only', name]))
    expect(lines.at(-1)).toBe('3 of 3 defects found')
  })
})
