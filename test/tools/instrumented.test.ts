import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { attachDatabasePool } from '@vercel/functions'
import PgPool from 'pg-pool'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'

/** How OpenTelemetry patches one module. */
interface ModulePatch {
  readonly name: string
  patch(module: unknown): unknown
  unpatch(module: unknown): void
}

let cluster: Cluster
let patch: ModulePatch | undefined
const instrumentation = new PgInstrumentation()

beforeAll(async () => {
  const patches = Reflect.apply(
    Reflect.get(instrumentation, 'init') as () => ModulePatch[],
    instrumentation,
    [],
  )
  patch = patches.find(({ name }) => name === 'pg-pool')
  // Applied by hand, as the modules of this process are loaded already.
  patch?.patch(PgPool)
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(10))
})

afterAll(async () => {
  patch?.unpatch(PgPool)
  instrumentation.disable()
  await cluster?.stop()
})

const open = poolsForTests(() => cluster, { max: 4, probeIntervalMs: 100 })
const BY_ID = 'select label from items where id = $1'

test('reads share connections under OpenTelemetry and with a pool attached to Vercel', async () => {
  const pool = await open()
  attachDatabasePool(pool)
  const patched = Reflect.get(PgPool.prototype, 'connect') as object
  expect(Reflect.get(patched, '__wrapped')).toBe(true)
  for (let i = 0; i < 200; i++) await pool.query(BY_ID, [1])
  let released = 0
  pool.on('release', () => (released += 1))
  for (let i = 0; i < 25; i++) await Promise.all([1, 2, 3, 4].map((id) => pool.query(BY_ID, [id])))
  expect(released).toBeLessThan(50)
  expect(pool.stats().offload).toBeGreaterThan(0.5)
  expect([pool.listenerCount('acquire'), pool.listenerCount('release')]).toEqual([0, 2])
})
