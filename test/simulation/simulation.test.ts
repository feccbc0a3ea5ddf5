import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileSimulation, type Compiled } from './compiled.ts'
import { copyWith, defects } from './defects.ts'

const root = join(import.meta.dirname, '../..')

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

  it('can bring each old defect back into the built library', () => {
    const folder = join(root, 'node_modules/.cache/defects-test')
    const lost = defects.flatMap((defect) => {
      try {
        copyWith(defect, join(root, 'dist'), folder)
        return []
      } catch (error) {
        return [(error as Error).message]
      }
    })
    rmSync(folder, { recursive: true, force: true })
    expect(lost).toEqual([])
  })
})
