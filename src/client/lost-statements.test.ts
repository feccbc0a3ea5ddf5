import { afterEach, expect, test } from 'vitest'
import { simulatedPool, type SimulatedPool } from '../../test/support/simulated-pool.ts'
import { outcomeOf } from '../errors/outcome.ts'

const pools: SimulatedPool[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())))

const INSERT = "insert into users values ('a')"

test.each([
  ['COMMIT', ['begin', INSERT], 'commit', 'unknown'],
  ['several statements, of which one may be a COMMIT', ['begin', INSERT], `${INSERT}; commit`, 'unknown'],
  ['a statement in a transaction', ['begin', INSERT], INSERT, 'rolled-back'],
  ['a statement outside of a transaction', [], INSERT, 'unknown'],
])('the outcome of %s whose answer is lost', async (_what, before, lost, outcome) => {
  const pool = simulatedPool()
  pools.push(pool)
  await pool.resolved(pool.router.readiness.ready())
  const client = await pool.connect()
  client.on('error', () => {})
  for (const text of before) await pool.resolved(client.query(text))
  const primary = pool.network.at('p')
  primary.told = 'is silent'
  const error = client.query(lost).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  await pool.platform.advance(10)
  primary.stop()
  expect(outcomeOf(await pool.resolved(error))).toBe(outcome)
  client.release(true)
})

test.each(["set search_path = 'app'", 'listen news', `select 1; begin`])(
  'a statement behind one that was lost does not run without it: %s',
  async (first) => {
    const pool = simulatedPool()
    pools.push(pool)
    await pool.resolved(pool.router.readiness.ready())
    const client = await pool.connect()
    client.on('error', () => {})
    await pool.resolved(client.query(INSERT))
    const primary = pool.network.at('p')
    const { length: before } = pool.network.received
    primary.told = 'is silent'
    const ended = Promise.allSettled([client.query(first), client.query(INSERT)])
    await pool.platform.advance(10)
    primary.told = 'answers'
    for (const socket of primary.sockets) socket.destroy()
    const statuses = (await pool.resolved(ended)).map(({ status }) => status)
    expect(statuses).toEqual(['rejected', 'rejected'])
    expect(pool.network.received.slice(before).filter(({ sql }) => sql === INSERT)).toEqual([])
    client.release(true)
  },
)

test('the place of a transaction is free once its primary is given up while it cleans up', async () => {
  const pool = simulatedPool({ max: 10, primarySpill: { share: 0.1, over: 'fail' } }, (network) => {
    for (const host of ['a', 'b']) network.at(host).stop()
  })
  pools.push(pool)
  await pool.resolved(pool.router.readiness.ready())
  const client = await pool.connect()
  client.on('error', () => {})
  for (const text of ['begin read only', 'select * from users']) await pool.resolved(client.query(text))
  const primary = pool.network.at('p')
  await expect(pool.query('select * from users')).rejects.toMatchObject({ code: 'SWITCHYARD_PRIMARY_SPILL' })
  primary.told = primary.asked = 'is silent'
  client.release()
  const isDown = (): boolean => pool.router.cluster.snapshot.primary?.state.name !== 'up'
  for (let ms = 0; !isDown() && ms < 10_000; ms += 50) await pool.platform.advance(50)
  expect(isDown()).toBe(true)
  primary.told = primary.asked = 'answers'
  for (let ms = 0; isDown() && ms < 10_000; ms += 50) await pool.platform.advance(50)
  await expect(pool.query('select * from users')).resolves.toBeDefined()
})
