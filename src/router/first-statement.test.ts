import type { PoolClient } from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { simulatedPool, type SimulatedPool } from '../../test/support/simulated-pool.ts'
import { normalizeQuery } from '../client/query-arguments.ts'
import { EnginePool } from '../statement/engine-pool.ts'
import { engineFactory } from '../statement/libpg-query-engine.ts'
import { LibpgQueryParser } from '../statement/libpg-query-parser.ts'

let pool: SimulatedPool
beforeEach(() => {
  // That of the process may have been loaded by another test.
  const parser = new LibpgQueryParser(new EnginePool(engineFactory().create, 2 ** 30))
  pool = simulatedPool({ parser, max: 1 })
})

test.each([0, 5])('a pool that ends %i ms after its first answer leaves nothing behind', async (ms) => {
  const { dispatcher, end, sessions } = pool.router
  await pool.resolved(
    new Promise<void>((resolve, reject) => {
      dispatcher.submit(normalizeQuery('select 1', undefined), sessions.context.implicit, {}, (error) => {
        if (error) reject(error)
        else if (ms > 0) resolve()
        else resolve(end())
      })
    }),
  )
  if (ms > 0) {
    await pool.platform.advance(ms)
    await pool.end()
  }
  await pool.platform.advance(5_000)
  expect([pool.platform.pendingTimers, pool.platform.heldOpen]).toEqual([0, 0])
})

test.each([
  ['select * from users', false],
  ["insert into users values ('a')", false],
  // It may create a temporary table.
  ['select unheard_of()', true],
])('whether %s has left objects that no catalog knows is judged later', async (first, isHidden) => {
  await pool.query(first)
  await pool.resolved(pool.router.readiness.ready())
  const primary = pool.router.nodes.get('p:5432')
  const client = await pool.resolved(
    new Promise<PoolClient | undefined>((resolve) => primary?.lease((_error, leased) => resolve(leased))),
  )
  expect(client !== undefined && pool.router.settings.hidden.has(client)).toBe(isHidden)
  client?.release()
  await pool.end()
})
