import Cursor from 'pg-cursor'
import type { PoolClient, QueryConfig } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, PoolOptions, RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { EVERYDAY_SCHEMA } from '../support/everyday.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, serversThatRan, until } from '../support/servers.ts'
import { movesDuring, withClient } from '../support/transactions.ts'

let cluster: Cluster
let pool: Pool
let marks = 0

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(20),
    EVERYDAY_SCHEMA,
    `create table counters (id int primary key, n int not null); insert into counters values (1, 0), (2, 0)`,
  )
  pool = await opened()
})

beforeEach(() => replicasReady(pool))

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

async function opened(options: PoolOptions = {}): Promise<Pool> {
  const made = poolOver(cluster, { probeIntervalMs: 50, transactions: 'optimistic', ...options })
  await replicasReady(made)
  return made
}

const inClient = <T>(fn: (client: PoolClient) => Promise<T>): Promise<T> => withClient(pool, fn)

/** A name that no statement has had: a beginning of which nothing is known. */
const newMark = (): string => `optimistic_${++marks}_`

/** Runs a read in a transaction, and returns the server that it has run on. */
async function placeOf(read: (mark: string) => Promise<unknown>): Promise<'primary' | 'replica'> {
  const mark = newMark()
  await read(mark)
  const [name, ...others] = await serversThatRan(cluster, mark)
  if (name === undefined || others.length > 0) throw new Error('It has not run on one server')
  return name === cluster.primary.name ? 'primary' : 'replica'
}

describe('an optimistic transaction', () => {
  it.each(['begin', 'START TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'begin deferrable'])(
    '%s: runs on a replica while it only reads',
    async (begin) => {
      await inClient(async (client) => {
        await client.query(begin)
        await client.query(`select set_config('app.tenant', $1, true)`, ['a'])
        await client.query('set local role reader')
        expect((await client.query('select label from tenants')).rows).toEqual([{ label: 'of a' }])
        expect(await placeOf((mark) => client.query(`select id as ${mark} from items`))).toBe('replica')
        expect((await client.query('commit')).command).toBe('COMMIT')
        expect(client.getTransactionStatus()).toBe('I')
      })
    },
  )

  it.each<[string, QueryConfig & RouteRequest]>([
    ['it says that it writes', { text: 'begin read write' }],
    ['it is serializable', { text: 'begin isolation level serializable' }],
    ['it is told not to be', { text: 'begin', optimistic: false }],
    ['the primary is asked for', { text: 'begin', route: 'primary' }],
  ])('runs on the primary where %s', async (_why, begin) => {
    await inClient(async (client) => {
      await client.query(begin)
      expect(await placeOf((mark) => client.query(`select id as ${mark} from items`))).toBe('primary')
      await client.query('commit')
    })
  })

  it('is for those who ask for it, where the pool does not', async () => {
    const plain = await opened({ transactions: 'primary' })
    try {
      const places: unknown[] = []
      for (const optimistic of [undefined, true]) {
        await plain.transaction(
          async (client) => {
            places.push(await placeOf((mark) => client.query(`select id as ${mark} from items`)))
          },
          { optimistic },
        )
      }
      expect(places).toEqual(['primary', 'replica'])
    } finally {
      await plain.end()
    }
  })

  it('runs on the primary where transactions are serializable by default', async () => {
    const serializable = poolOver(cluster, {
      transactions: 'optimistic',
      options: '-c default_transaction_isolation=serializable',
    })
    try {
      await until('the catalog is known', async () => {
        await serializable.explain('select 1')
        return serializable.stats().catalog === 'loaded'
      })
      for (let i = 0; i < 2; i++) {
        await serializable.transaction(async (client) => {
          expect(await placeOf((mark) => client.query(`select id as ${mark} from items`))).toBe('primary')
        })
      }
    } finally {
      await serializable.end()
    }
  })

  it('shows what its session has written, and waits for no replica', async () => {
    const [replica] = cluster.replicas
    await replica?.pauseReplay()
    try {
      await pool.withSession(async () => {
        await pool.query(`update items set label = 'own' where id = 4`)
        await pool.transaction(async (client) => {
          const place = await placeOf(async (mark) => {
            const { rows } = await client.query(`select label as ${mark} from items where id = 4`)
            expect(rows).toEqual([{ [mark]: 'own' }])
          })
          expect(place).toBe('primary')
        })
      })
    } finally {
      await replica?.resumeReplay()
    }
  })

  it.each(['read committed', 'repeatable read'])(
    '%s: writes on the primary what follows from its reads, with its settings',
    async (level) => {
      const mark = newMark()
      const moves = await movesDuring(pool, () =>
        inClient(async (client) => {
          await client.query(`begin isolation level ${level}`)
          await client.query(`set local application_name = '${mark}'`)
          const { rows } = await client.query(`select label as ${mark} from items where id = 5`)
          await client.query('update items set label = $1 where id = 5', [`${String(rows[0][mark])}!`])
          const read = await client.query(
            `select label, current_setting('application_name') as name, current_setting('transaction_read_only') as ro from items where id = 5`,
          )
          expect(read.rows).toEqual([{ label: `${String(rows[0][mark])}!`, name: mark, ro: 'off' }])
          await client.query('commit')
        }),
      )
      expect(moves).toMatchObject([{ reason: 'statement', statement: 'data-modifying', repeated: 2 }])
    },
  )

  it('reads nothing twice once it is known to write', async () => {
    const mark = newMark()
    const run = (id: number): Promise<unknown> =>
      pool.transaction(async (client) => {
        await client.query(`select label as ${mark} from items where id = ${id}`)
        await client.query('update items set label = label where id = $1', [id])
      })
    expect(await movesDuring(pool, () => run(6))).toMatchObject([{ reason: 'statement', repeated: 1 }])
    await replicasReady(pool)
    expect(await movesDuring(pool, () => run(7))).toMatchObject([{ reason: 'learned', repeated: 0 }])
  })

  it.each(['read committed', 'repeatable read'])(
    '%s: 40001 where what it has read has changed, and nothing is written',
    async (level) => {
      const mark = newMark()
      await inClient(async (client) => {
        await client.query(`begin isolation level ${level}`)
        await client.query('savepoint s')
        await client.query(`select label as ${mark} from items where id = 8`)
        await ask(cluster.primary.config, `update items set label = label || '!' where id = 8`)
        await expect(client.query(`update items set label = 'lost' where id = 8`)).rejects.toMatchObject({
          code: '40001',
        })
        await expect(client.query('rollback to s')).rejects.toMatchObject({ code: '3B001' })
        await expect(client.query(`update items set label = 'lost' where id = 8`)).rejects.toMatchObject({
          code: '25P02',
        })
        expect((await client.query('commit')).command).toBe('ROLLBACK')
      })
      const rows = await ask(cluster.primary.config, 'select label from items where id = 8')
      expect(rows[0]?.['label']).not.toBe('lost')
    },
  )

  it('the function of transaction() runs once more, on the primary', async () => {
    const mark = newMark()
    const seen: string[] = []
    await pool.transaction(async (client) => {
      const { rows } = await client.query(`select label as ${mark} from items where id = 9`)
      seen.push(rows[0][mark] as string)
      if (seen.length === 1)
        await ask(cluster.primary.config, `update items set label = 'changed' where id = 9`)
      await client.query(`update items set label = label || '?' where id = 9`)
    })
    expect(seen).toEqual(['item 9', 'changed'])
    expect(await ask(cluster.primary.config, 'select label from items where id = 9')).toEqual([
      { label: 'changed?' },
    ])
  })

  it('the function of transaction() does not run again when it has ended the transaction itself', async () => {
    const mark = newMark()
    let attempts = 0
    const run = pool.transaction(async (client) => {
      attempts += 1
      await client.query(`select now() as ${mark}`)
      await client.query('update items set label = label where id = 9').catch(async (error: unknown) => {
        await client.query('rollback')
        throw error
      })
    })
    await expect(run).rejects.toMatchObject({ code: '40001' })
    expect(attempts).toBe(1)
  })

  it('40001, and then the primary, where it has read too much to compare', async () => {
    const mark = newMark()
    let attempts = 0
    await pool.transaction(async (client) => {
      attempts += 1
      await client.query(`select g as ${mark} from generate_series(1, 100001) g`)
      await client.query('update items set label = label where id = 10')
    })
    expect(attempts).toBe(2)
  })

  it('query objects and SQL cursors run on the primary', async () => {
    await inClient(async (client) => {
      await client.query('begin')
      const place = await placeOf(async (mark) => {
        const cursor = client.query(new Cursor(`select id as ${mark} from items order by id`))
        expect(await cursor.read(1)).toEqual([{ [mark]: 1 }])
        await cursor.close()
      })
      expect(place).toBe('primary')
      await client.query(`insert into items values (100, 'x')`)
      await client.query('rollback')
    })
  })
})

describe('many optimistic transactions at once, with a replica that lags', () => {
  it('lose no update, and never see half of a transfer', async () => {
    const [replica] = cluster.replicas
    if (replica === undefined) throw new Error('There is no replica')
    await applyDelay(replica, 10)
    const options = { optimistic: true, isolation: 'repeatable read', retries: 100 } as const
    let commits = 0
    const worker = async (of: number): Promise<void> => {
      for (let i = 0; i < 25; i++) {
        // Of each text it is learned that it writes: without a new one all would soon begin on the primary.
        const mark = `worker_${of}_${i}`
        await pool.withSession(() =>
          pool.transaction(async (client) => {
            const { rows } = await client.query(`select id, n as ${mark} from counters order by id`)
            const [one, two] = rows.map((row) => Number(row[mark])) as [number, number]
            expect(one + two).toBe(0)
            await client.query('update counters set n = $1 where id = 1', [one + 1])
            await client.query('update counters set n = $1 where id = 2', [two - 1])
          }, options),
        )
        commits += 1
      }
    }
    await Promise.all([1, 2, 3, 4].map(worker))
    await applyDelay(replica, 0)
    const rows = await ask(cluster.primary.config, 'select n from counters order by id')
    expect(commits).toBe(100)
    expect(rows).toEqual([{ n: commits }, { n: -commits }])
  })
})
