import { isDeepStrictEqual } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { CausalBench, readNote } from '../support/causal-bench.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'
import { startBalancer, type TcpProxy } from '../support/tcp-proxy.ts'

const bench = CausalBench.forTests()
let balancer: TcpProxy
const pools: Pool[] = []
/** Addresses that turned out to be shared. */
const found: unknown[] = []

beforeAll(async () => {
  balancer = await startBalancer([])
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

afterAll(() => balancer.close())

/** Where the servers are. */
const address = (index: 0 | 1 | 'primary'): { host: string; port: number } => {
  const { host, port } = (index === 'primary' ? bench.cluster.primary : bench.replica(index)).config
  return { host, port }
}

async function open(options: PoolOptions = {}, replica: object = {}): Promise<Pool> {
  balancer.lead([address(0), address(1)])
  return openAs(options, replica)
}

async function openAs(options: PoolOptions = {}, replica: object = {}): Promise<Pool> {
  const pool = new Pool({
    ...bench.cluster.primary.config,
    replicas: [{ ...balancer.config, balanced: true, ...replica }],
    logger: false,
    // Tells the servers apart.
    declared: { functions: { current_setting: 'readOnly' } },
    ...options,
  })
  pools.push(pool)
  found.length = 0
  pool.events.on('addressShared', (event) => found.push(event))
  await until('the pool knows the database', async () => {
    await pool.query('select 1')
    return pool.stats().catalog === 'loaded' && pool.stats().nodes[1]?.state === 'replica'
  })
  return pool
}

/** A note, and the port of the server that has shown it. */
interface Note {
  readonly version: number
  readonly port: number
}
const NOTE = `select version, current_setting('port')::int as port from notes where id = 1`

async function read(pool: Pool, request: object = {}): Promise<Note> {
  const { rows } = await pool.query<Note>({ text: NOTE, ...request })
  return rows[0] ?? { version: -1, port: -1 }
}

const ports = (notes: readonly Note[]): Set<number> => new Set(notes.map(({ port }) => port))

/** Reads at the same time, so that several connections are open, to both servers. */
const readAtOnce = (pool: Pool, count = 8): Promise<readonly Note[]> =>
  Promise.all(Array.from({ length: count }, () => read(pool)))

describe('an address of two replicas', () => {
  it('serves from both', async () => {
    const pool = await open()
    await bench.cluster.caughtUp()
    expect(ports(await readAtOnce(pool))).toEqual(new Set([address(0).port, address(1).port]))
    expect(pool.stats()).toMatchObject({
      offload: 1,
      nodes: [{ reads: 0 }, { balanced: true, lagMs: undefined }],
    })
    const { plan } = await pool.explain(NOTE)
    expect(plan.candidates[0]).toMatchObject({ role: 'replica', reason: 'replica', balanced: true })
  })

  it.each([0, 1] as const)(
    'shows no session less than it has written while replica %i does not replay',
    async (stale) => {
      const pool = await open({ catchUpTimeoutMs: 50 })
      await readAtOnce(pool)
      const notes: Note[] = []
      await bench.paused([stale], async () => {
        const staleFor = performance.now()
        for (let round = 0; round < 60 || performance.now() - staleFor < 1500; round++) {
          const version = await bench.write(pool)
          for (const note of await readAtOnce(pool, 3)) {
            expect(note.version).toBe(version)
            notes.push(note)
          }
        }
      })
      expect(ports(notes)).not.toContain(address(stale).port)
      // At first some connections lead to the one that is behind. They are not kept.
      const fresh = notes.slice(-20).filter(({ port }) => port === address(stale === 0 ? 1 : 0).port)
      expect(fresh.length).toBeGreaterThan(15)
    },
  )

  it('never goes back in a session, whichever server it meets', async () => {
    const pool = await open({ catchUpTimeoutMs: 20, maxLag: { ms: 60_000 } })
    await readAtOnce(pool)
    let backwards = 0
    await bench.paused([0], async () => {
      for (let round = 0; round < 20; round++) {
        const version = await bench.writeBehind()
        await until('the other one has it', async () => {
          const [row] = await ask(bench.replica(1).config, 'select version from notes where id = 1')
          return row?.['version'] === version
        })
        await pool.withSession(async () => {
          let newest = -1
          for (let i = 0; i < 10; i++) {
            // Others take connections meanwhile, so that it is not the same one each time.
            const [note] = await Promise.all([read(pool), read(pool, { consistency: 'eventual' })])
            if (note.version < newest) backwards += 1
            newest = Math.max(newest, note.version)
          }
        })
      }
    })
    expect(backwards).toBe(0)
    expect(pool.stats().nodes[1]?.reads).toBeGreaterThan(100)
  })

  it('in transactions that only read, too', async () => {
    const pool = await open({ catchUpTimeoutMs: 50 })
    await readAtOnce(pool)
    await bench.paused([0], async () => {
      for (let round = 0; round < 30; round++) {
        const version = await bench.write(pool)
        const seen = await pool.transaction(async (client) => (await client.query<Note>(NOTE)).rows[0], {
          readOnly: true,
        })
        expect(seen?.version).toBe(version)
        expect(seen?.port).not.toBe(address(0).port)
      }
    })
  })

  it('serves no read from one that is further behind than maxLag, though none has been written', async () => {
    const pool = await open({ consistency: 'eventual', maxLag: { ms: 200 }, probeIntervalMs: 50 })
    await readAtOnce(pool)
    await bench.paused([0], async () => {
      const version = await bench.writeBehind()
      await until('it is too far behind', async () => {
        return (await readAtOnce(pool)).every((note) => note.version === version)
      })
      for (let i = 0; i < 20; i++) {
        for (const note of await readAtOnce(pool)) expect(note.version).toBe(version)
      }
    })
  })
})

describe('an address that leads elsewhere', () => {
  it('to the primary, is no replica', async () => {
    balancer.lead([address('primary')])
    const pool = await openAs()
    for (let i = 0; i < 20; i++) expect((await read(pool)).port).toBe(address('primary').port)
    expect(pool.stats().nodes[1]?.reads).toBe(0)
    expect(pool.stats().offload).toBe(0)
    // Nothing is kept that is of no use.
    expect(pool.stats().nodes[1]?.connections).toMatchObject({ total: 0 })
    expect((await pool.query('update notes set version = version')).rowCount).toBe(1)
  })

  it('to the primary and a replica, serves from the replica', async () => {
    balancer.lead([address('primary'), address(1)])
    const pool = await openAs()
    await until('the replica is found', async () => (await read(pool)).port === address(1).port)
    for (let i = 0; i < 20; i++) expect((await read(pool)).port).toBe(address(1).port)
  })

  it('to another cluster, serves nothing from there', async () => {
    const other = await sharedCluster({ replicas: 1 })
    try {
      await ask(other.primary.config, 'create table notes as select 1 as id, -7 as version')
      for (const { primary } of [other, bench.cluster]) {
        await ask(primary.config, `create role visitor superuser login password 'visitor'`)
      }
      await other.caughtUp()
      await bench.cluster.caughtUp()
      const visitor = { user: 'visitor', password: 'visitor' }
      const pool = await open({}, visitor)
      const [foreign] = other.replicas
      if (foreign === undefined) throw new Error('There is no replica')
      balancer.lead([foreign.config, address(1)])
      for (let i = 0; i < 10; i++) {
        for (const { version } of await readAtOnce(pool, 10)) expect(version).toBeGreaterThanOrEqual(0)
      }
      // Alone, and found at the start, it is a mistake in the options.
      balancer.lead([foreign.config])
      await expect(openAs({}, visitor)).rejects.toMatchObject({ code: 'SWITCHYARD_FOREIGN_NODE' })
    } finally {
      await other.stop()
    }
  })

  it('to another replica than before, is the same node: nothing has changed', async () => {
    const pool = await open({ probeIntervalMs: 20 })
    const changes: unknown[] = []
    pool.events.on('nodeChanged', (change) => changes.push(change))
    for (let i = 0; i < 4; i++) {
      balancer.lead([address(i % 2 === 0 ? 0 : 1)])
      await balancer.cut()
      await balancer.restore()
      await until('it serves again', async () => (await read(pool)).port !== address('primary').port)
    }
    const to = changes.map((change) => (change as { readonly to: string }).to)
    expect(new Set(to)).toEqual(
      new Set(['suspected', 'down', 'replica'].filter((state) => to.includes(state))),
    )
  })
})

describe('an address of two replicas without the option', () => {
  it('is found out by the connections, and used as one', async () => {
    balancer.lead([address(0), address(1)])
    const pool = await openAs({ catchUpTimeoutMs: 50 }, { balanced: undefined })
    await bench.paused([0], async () => {
      for (let round = 0; round < 40; round++) {
        const version = await bench.write(pool)
        for (const note of await readAtOnce(pool, 4)) expect(note.version).toBe(version)
      }
    })
    expect(found).toEqual([{ node: pool.stats().nodes[1]?.id }])
    expect(pool.stats().nodes[1]).toMatchObject({ balanced: true, state: 'replica' })
    // The one that did not replay serves once it is proven to show what was written last. If it was behind for long, all
    // connections to it were replaced.
    await balancer.cut()
    await balancer.restore()
    const both = new Set([address(0).port, address(1).port])
    await until('both serve', async () => isDeepStrictEqual(ports(await readAtOnce(pool)), both))
  })

  it('is not suspected of it where a server has restarted', async () => {
    const pool = new Pool({
      ...bench.cluster.primary.config,
      replicas: [bench.replica(0).config],
      logger: false,
      probeIntervalMs: 50,
    })
    pools.push(pool)
    found.length = 0
    pool.events.on('addressShared', (event) => found.push(event))
    for (let i = 0; i < 2; i++) {
      await until('the replica serves', async () => {
        await readNote(pool)
        return (await readNote(pool)).from === 0
      })
      await bench.replica(0).stop()
      await bench.replica(0).start()
    }
    await until('it serves again', async () => (await readNote(pool)).from === 0)
    expect(found).toEqual([])
  })
})
