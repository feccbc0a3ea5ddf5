import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { EnginePool } from './engine-pool.ts'
import { engineFactory, type Engine } from './libpg-query-engine.ts'

/** Engines that crash on `crash` and grow on `grow`. */
function fakeEngines(): { readonly create: () => Promise<Engine>; readonly made: () => number } {
  let made = 0
  const create = async (): Promise<Engine> => {
    const id = ++made
    let memoryBytes = 1
    const parse = (sql: string): string | undefined => {
      if (sql === 'crash') throw new RangeError('Maximum call stack size exceeded')
      if (sql === 'grow') memoryBytes = 100
      return sql === 'bad' ? undefined : `${id}`
    }
    return {
      parse,
      get memoryBytes() {
        return memoryBytes
      },
    }
  }
  return { create, made: () => made }
}

/** Parses as many texts as it takes until the spare is made. */
async function untilSpare(pool: EnginePool): Promise<void> {
  for (let text = 0; text < 20; text++) pool.parse('a')
  await setImmediate()
}

describe('a pool of engines', () => {
  test('keeps one engine for as long as it works', async () => {
    const pool = new EnginePool(fakeEngines().create, 10)
    await pool.fill()
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '1' })
    expect(pool.parse('bad')).toEqual({ kind: 'no-sql' })
    expect(pool.parse('b')).toEqual({ kind: 'parsed', json: '1' })
  })

  test('goes on with the spare after a crash, in the same tick', async () => {
    const pool = new EnginePool(fakeEngines().create, 10)
    await pool.fill()
    await untilSpare(pool)
    expect(pool.parse('crash')).toMatchObject({ kind: 'crashed', cause: expect.any(RangeError) as unknown })
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '2' })
    await setImmediate()
    pool.parse('crash')
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '3' })
  })

  test('makes no spare for the first texts, and replaces an engine that fails then', async () => {
    const { create, made } = fakeEngines()
    const pool = new EnginePool(create, 10)
    await pool.fill()
    for (let text = 1; text < 20; text++) pool.parse('a')
    await setImmediate()
    expect(made()).toBe(1)
    pool.parse('crash')
    expect(pool.parse('a')).toEqual({ kind: 'unavailable' })
    await setImmediate()
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '2' })
  })

  test('says so while there is no engine, and recovers', async () => {
    const pool = new EnginePool(fakeEngines().create, 10)
    await pool.fill()
    await untilSpare(pool)
    pool.parse('crash')
    pool.parse('crash')
    expect(pool.parse('a')).toEqual({ kind: 'unavailable' })
    await setImmediate()
    expect(pool.parse('a')).toMatchObject({ kind: 'parsed' })
  })

  test('tries again when an engine could not be made', async () => {
    const { create, made } = fakeEngines()
    let attempts = 0
    const pool = new EnginePool(
      () => (++attempts === 2 ? Promise.reject(new Error('no memory')) : create()),
      10,
    )
    await pool.fill()
    await untilSpare(pool)
    expect(made()).toBe(1)
    pool.parse('crash')
    expect(pool.parse('a')).toEqual({ kind: 'unavailable' })
    await setImmediate()
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '2' })
  })

  test('lets an engine go that has grown', async () => {
    const pool = new EnginePool(fakeEngines().create, 10)
    await pool.fill()
    await untilSpare(pool)
    expect(pool.parse('grow')).toEqual({ kind: 'parsed', json: '1' })
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '2' })
  })

  test('goes on with one that has grown until there is another', async () => {
    const pool = new EnginePool(fakeEngines().create, 10)
    await pool.fill()
    expect(pool.parse('grow')).toEqual({ kind: 'parsed', json: '1' })
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '1' })
    await setImmediate()
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '1' })
    expect(pool.parse('a')).toEqual({ kind: 'parsed', json: '2' })
  })

  test('survives forty texts that exhaust the stack of the real parser', async () => {
    const deep = `SELECT ${'1+'.repeat(30_000)}1`
    const pool = new EnginePool(engineFactory().create, 2 ** 30)
    await pool.fill()
    for (let crash = 0; crash < 40; crash++) {
      while (pool.parse('SELECT 1').kind === 'unavailable') await setImmediate()
      expect(pool.parse(deep).kind).toBe('crashed')
    }
    while (pool.parse('SELECT 1').kind === 'unavailable') await setImmediate()
    expect(pool.parse('SELECT 1').kind).toBe('parsed')
    expect(pool.parse('SELECT FROM FROM').kind).toBe('no-sql')
  })
})
