import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileSimulation, type Compiled } from './compiled.ts'

let simulation: Compiled

beforeAll(async () => {
  simulation = await compileSimulation()
})
afterAll(() => simulation[Symbol.asyncDispose]())

describe('the simulation', () => {
  it('breaks no promise in the first schedules', { timeout: 120_000 }, async () => {
    const { code, lines } = await simulation.run('--schedules', '12')
    expect({ code, lines: lines.filter((line) => line.startsWith('seed')) }).toEqual({ code: 0, lines: [] })
  })

  it('runs a seed in the same way each time, whatever ran before it', { timeout: 120_000 }, async () => {
    const digests = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { lines } = await simulation.run('--digests', ...args)
      return lines.filter((line) => /^\d+ [0-9a-f]+$/.test(line)).toSorted()
    }
    const together = await digests('--from', '101', '--schedules', '4', '--threads', '1')
    const apart = await digests('--from', '102', '--schedules', '3', '--threads', '3')
    expect(together).toHaveLength(4)
    expect(apart).toEqual(together.slice(1))
    const { lines } = await simulation.run('--seed', '103')
    expect(lines.length).toBeGreaterThan(100)
    expect(together).toContain(`103 ${lines.at(-1)?.replace('digest ', '')}`)
  })
})
