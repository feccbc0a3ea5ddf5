import pg from 'pg'
import { describe, expect, it } from 'vitest'
import { wrapPg } from '../../src/index.ts'

describe('a module that is wrapped twice', () => {
  const first = wrapPg(pg, { host: 'first.example', application_name: 'first' })

  it.each([
    ['as it was returned', first as never],
    ['with its Pool in place of its own', { ...pg, Pool: first.Pool } as never],
  ])('gives pools with the defaults of both, %s', async (_what, module) => {
    const second = wrapPg(module, { application_name: 'second' })
    const pool = new second.Pool()
    expect(pool.options).toMatchObject({ host: 'first.example', application_name: 'second' })
    expect(pool).toBeInstanceOf(pg.Pool)
    expect(pool).not.toBeInstanceOf(first.Pool)
    expect(second.native).toBe((module as typeof pg).native)
    expect(Object.getPrototypeOf(second.Client)).toBe(Object.getPrototypeOf(first.Client))
    await pool.end()
  })
})
