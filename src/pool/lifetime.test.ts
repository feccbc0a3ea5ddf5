import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { Lifetime, refusalOf } from './lifetime.ts'
import type { PgPool } from './pool-base.ts'

function begin(): { pool: PgPool; lifetime: Lifetime; log: string[]; end: () => Promise<void> } {
  const pool = Object.assign(new EventEmitter(), { ending: false, ended: false }) as unknown as PgPool
  const lifetime = new Lifetime(pool)
  const log: string[] = []
  const close = async (): Promise<void> => {
    log.push(`closed, ended: ${String(Reflect.get(pool, 'ended'))}`)
  }
  return { pool, lifetime, log, end: () => lifetime.end(close) }
}

test('an idle pool closes at once, and is ended when it is closed', async () => {
  const { pool, log, end } = begin()
  await end()
  expect(log).toEqual(['closed, ended: false'])
  expect(pool).toMatchObject({ ending: true, ended: true })
})

test('the end waits until all that has begun is over', async () => {
  const { pool, lifetime, log, end } = begin()
  lifetime.begun()
  lifetime.begun()
  const ended = end()
  lifetime.over()
  await Promise.resolve()
  expect(log).toEqual([])
  expect(pool).toMatchObject({ ending: true, ended: false })
  lifetime.over()
  await ended
  expect(log).toHaveLength(1)
})

test('from end() on everything else is refused, in the words of pg-pool', async () => {
  const { pool, end } = begin()
  expect(refusalOf(pool)).toBeUndefined()
  const ended = end()
  expect(refusalOf(pool)?.message).toBe('Cannot use a pool after calling end on the pool')
  await expect(end()).rejects.toThrow('Called end on pool more than once')
  await ended
})

test('an error of closing is the error of the end', async () => {
  const { lifetime, pool } = begin()
  await expect(lifetime.end(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
  expect(pool).toMatchObject({ ending: true, ended: false })
})
