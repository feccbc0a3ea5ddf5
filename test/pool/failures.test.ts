import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { outcomeOf, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table items (id int primary key)')
  await ask(cluster.primary.config, 'insert into items select generate_series(1, 1000)')
  await cluster.caughtUp()
})

beforeEach(async () => {
  await Promise.all([cluster.primary, ...cluster.replicas].map((node) => node.start()))
  await cluster.caughtUp()
  pool = poolOver(cluster, { windowMs: 1000, probeIntervalMs: 50 })
  await replicasReady(pool)
})

afterEach(async () => {
  await pool.end()
})

afterAll(async () => {
  await cluster.stop()
})

/** Reads with `callers` at a time until told to stop; gives how many were answered, and every error. */
function load(callers: number): () => Promise<{ reads: number; errors: unknown[] }> {
  const outcome = { reads: 0, errors: [] as unknown[] }
  let isOver = false
  const caller = async (): Promise<void> => {
    while (!isOver) {
      try {
        const { rowCount } = await pool.query('select id from items where id < $1', [50])
        if (rowCount !== 49) outcome.errors.push(new Error(`${rowCount} rows`))
        outcome.reads += 1
      } catch (error) {
        outcome.errors.push(error)
      }
    }
  }
  const all = Promise.all(Array.from({ length: callers }, caller))
  return async () => {
    isOver = true
    await all
    return outcome
  }
}

describe('a replica that dies', () => {
  it.each(['kill', 'stop immediate', 'stop fast'] as const)(
    'costs no failed read under load (%s)',
    async (how) => {
      const finish = load(16)
      const [victim] = cluster.replicas
      await until('the load has reached it', () => (pool.stats().nodes[1]?.queries ?? 0) > 100)
      if (how === 'kill') await victim?.kill()
      else await victim?.stop(how === 'stop fast' ? 'fast' : 'immediate')
      await until('it is known to be down', () => pool.stats().nodes[1]?.state === 'down')
      const before = pool.stats().nodes[2]?.queries ?? 0
      await until('the other one serves', () => (pool.stats().nodes[2]?.queries ?? 0) > before + 200)
      await victim?.start()
      const served = pool.stats().nodes[1]?.queries ?? 0
      await until('it serves again', () => (pool.stats().nodes[1]?.queries ?? 0) > served + 100)
      const { reads, errors } = await finish()
      expect(errors).toEqual([])
      expect(reads).toBeGreaterThan(400)
    },
  )

  it('leaves the reads to the primary when it was the last', async () => {
    const finish = load(8)
    await until('the load runs', () => pool.stats().reads > 100)
    await Promise.all(cluster.replicas.map((node) => node.kill()))
    await until('the primary serves', () => (pool.stats().nodes[0]?.queries ?? 0) > 100)
    expect((await finish()).errors).toEqual([])
  })

  it('tells about it by an event, and not as an error of the pool', async () => {
    const changes: string[] = []
    const errors: unknown[] = []
    pool.on('error', (error) => errors.push(error))
    pool.events.on('nodeChanged', () => {
      throw new Error('a listener that throws is its own problem')
    })
    const thrown: unknown[] = []
    const note = (error: unknown): unknown => thrown.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', note)
    pool.events.prependListener('nodeChanged', ({ from, to }) => changes.push(`${from} → ${to}`))
    for (let i = 0; i < 4; i++) await pool.query('select 1 from items')
    await cluster.replicas[0]?.kill()
    await until(
      'the event has come',
      () => changes.includes('suspected → down') || changes.includes('replica → down'),
    )
    await cluster.replicas[0]?.start()
    await until('it is back', () => changes.includes('down → replica'))
    process.removeListener('uncaughtException', note)
    for (const other of others) process.on('uncaughtException', other)
    expect(errors).toEqual([])
    expect(thrown.length).toBeGreaterThan(0)
  })
})

describe('a primary that dies', () => {
  it('refuses statements in progress, once each; later ones wait until it is back', async () => {
    const write = (): Promise<unknown> => pool.query('update items set id = id where id = 1')
    await write()
    await cluster.primary.kill()
    const writes = Array.from({ length: 5 }, write)
    // Proven fresh a moment ago, the replicas go on serving who has not written.
    for (let i = 0; i < 20; i++) await pool.withSession(() => pool.query('select 1 from items'))
    await until('it is known to be down', () => pool.stats().nodes[0]?.state === 'down')
    writes.push(write())
    await cluster.primary.start()
    for (const outcome of await Promise.allSettled(writes)) {
      if (outcome.status === 'rejected') expect(outcomeOf(outcome.reason)).toBe('unknown')
    }
    await expect(writes.at(-1)).resolves.toBeDefined()
  })

  it('is waited for no longer than was asked', async () => {
    const impatient = poolOver(cluster, { failoverTimeoutMs: 300 })
    try {
      await replicasReady(impatient)
      await impatient.query('update items set id = id where id = 1')
      await cluster.primary.kill()
      await until('it is known to be down', async () => {
        await impatient.withSession(() => impatient.query('select 1'))
        return impatient.stats().nodes[0]?.state === 'down'
      })
      const error: unknown = await impatient
        .query('update items set id = id where id = 1')
        .catch((e: unknown) => e)
      expect(error).toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY', outcome: 'not-sent', retryable: true })
      const client = await impatient.connect()
      await expect(client.query('begin')).rejects.toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY' })
      client.release()
      // Nothing is committed meanwhile, so who has not written loses nothing.
      await expect(impatient.withSession(() => impatient.query('select 1 from items'))).resolves.toBeDefined()
    } finally {
      await cluster.primary.start()
      await impatient.end()
    }
  })
})

describe('a promotion', () => {
  it('is followed: writes go to the new primary, reads to who follows it', async () => {
    const marker = (id: number): Promise<unknown> => pool.query('insert into items values ($1)', [id])
    await marker(5000)
    const old = cluster.primary.config.port
    await cluster.promote(0)
    expect(cluster.primary.config.port).not.toBe(old)
    await until('it takes writes', async () =>
      marker(5001).then(
        () => true,
        () => false,
      ),
    )
    expect(await ask(cluster.primary.config, 'select id from items where id = 5001')).toEqual([{ id: 5001 }])
    await until('both others serve reads', async () => {
      await pool.withSession(() => pool.query('select 1 from items where id = 5001'))
      const { plan } = await pool.withSession(() => pool.explain('select 1'))
      return plan.candidates.filter(({ reason }) => reason === 'replica').length === 2
    })
    const primary = pool.stats().nodes.find(({ role }) => role === 'primary')
    expect(primary?.id).toBe(`127.0.0.1:${cluster.primary.config.port}`)
  })
})
