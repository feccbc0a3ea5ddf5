import Cursor from 'pg-cursor'
import type { DatabaseError, PoolClient, QueryConfig } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { outcomeOf, smoothWeightedRoundRobin, type Pool, type RouteRequest } from '../../src/index.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { startProxy } from '../support/tcp-proxy.ts'

let cluster: Cluster
let pool: Pool
let marks = 0

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 2 }, itemsTable(50))
  pool = poolOver(cluster, { probeIntervalMs: 50 })
})

beforeEach(() => replicasReady(pool))

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

const servers = (): readonly ClusterNode[] =>
  [cluster.primary, ...cluster.replicas].filter(({ running }) => running)

/** What each server says of the connections whose transaction set this name, by the server's own word. */
async function transactionsNamed(mark: string): Promise<readonly string[]> {
  const sql = `select state from pg_stat_activity where query like $1 and pid <> pg_backend_pid()`
  const found = await Promise.all(
    servers().map(async ({ name, config }) =>
      (await ask(config, sql, [`%${mark}%`])).map(({ state }) => `${name} ${String(state)}`),
    ),
  )
  return found.flat()
}

const newMark = (): string => `mark_${++marks}_`

/** Locks that are held for advice, on each server. */
async function advisoryLocks(): Promise<readonly number[]> {
  const sql = `select count(*)::int as n from pg_locks where locktype = 'advisory'`
  return Promise.all(servers().map(async ({ config }) => Number((await ask(config, sql))[0]?.['n'])))
}

async function inClient<T>(fn: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await fn(client)
  } finally {
    client.release()
  }
}

const isReplica = (place: string | undefined): boolean =>
  cluster.replicas.some(({ name }) => place?.startsWith(`${name} `) === true)

describe('a transaction that begins as READ ONLY', () => {
  it.each([
    'begin read only',
    'START TRANSACTION READ ONLY',
    'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;',
    'begin isolation level read committed read only deferrable',
  ])('%s: runs on one connection to a replica until its end', async (begin) => {
    const mark = newMark()
    await inClient(async (client) => {
      await client.query(begin)
      expect(client.getTransactionStatus()).toBe('T')
      const pid = Reflect.get(client, 'processID')
      for (let i = 0; i < 3; i++) await client.query(`select ${i} as ${mark} from items`)
      const places = await transactionsNamed(mark)
      expect(places).toHaveLength(1)
      expect(isReplica(places[0])).toBe(true)
      expect(places[0]).toContain('idle in transaction')
      expect(Reflect.get(client, 'processID')).toBe(pid)
      await client.query('commit')
      expect(client.getTransactionStatus()).toBe('I')
      expect(await transactionsNamed(mark)).toEqual([])
    })
  })

  it.each([
    'begin',
    'begin isolation level serializable, read only, deferrable',
    'begin read write',
    '/* route: primary */ begin read only',
    'begin; set transaction read only',
    'begin read only; select 1',
  ])('%s: stays on the primary', async (begin) => {
    const mark = newMark()
    await inClient(async (client) => {
      await client.query(begin)
      await client.query(`select 1 as ${mark} from items`)
      expect(await transactionsNamed(mark)).toEqual([`${cluster.primary.name} idle in transaction`])
      await client.query('rollback')
    })
  })

  it('stays on the primary when the caller asks for that, and while the client is bound to it', async () => {
    for (const first of [undefined, 'listen bound']) {
      const mark = newMark()
      const client = await pool.connect()
      if (first !== undefined) await client.query(first)
      const route = first === undefined ? ({ route: 'primary' } as const) : {}
      await client.query({ text: 'begin read only', ...route })
      await client.query(`select 1 as ${mark} from items`)
      expect(await transactionsNamed(mark)).toEqual([`${cluster.primary.name} idle in transaction`])
      await client.query('rollback')
      client.release(true)
    }
  })

  it('stays on the primary where transactions are serializable by default, with nothing left open on a replica', async () => {
    const serializable = poolOver(cluster, { options: '-c default_transaction_isolation=serializable' })
    await until('the catalog is known', async () => {
      await serializable.explain('select 1')
      return serializable.stats().catalog === 'loaded'
    })
    for (let i = 0; i < 2; i++) {
      const mark = newMark()
      const client = await serializable.connect()
      await client.query('begin read only')
      expect((await client.query('show transaction_isolation')).rows).toEqual([
        { transaction_isolation: 'serializable' },
      ])
      await client.query(`select 1 as ${mark} from items`)
      expect(await transactionsNamed(mark)).toEqual([`${cluster.primary.name} idle in transaction`])
      await client.query('commit')
      client.release()
    }
    expect((await transactionsNamed('')).filter((place) => place.includes('in transaction'))).toEqual([])
    await serializable.end()
  })

  it('shows what its session has written, as soon as a replica does', async () => {
    for (let i = 0; i < 20; i++) {
      await pool.withSession(() =>
        inClient(async (client) => {
          await client.query('update items set label = $1 where id = 1', [`written ${i}`])
          await client.query('begin read only')
          const { rows } = await client.query('select label from items where id = 1')
          await client.query('commit')
          expect(rows).toEqual([{ label: `written ${i}` }])
        }),
      )
    }
  })

  it('goes to the primary when no replica shows that in time, and holds its place there until its end', async () => {
    const spilling = poolOver(cluster, {
      probeIntervalMs: 50,
      catchUpTimeoutMs: 50,
      primarySpill: { share: 0.1, over: 'fail' },
    })
    await replicasReady(spilling)
    for (const replica of cluster.replicas) await replica.pauseReplay()
    try {
      await spilling.query(`update items set label = 'ahead' where id = 2`)
      const mark = newMark()
      const client = await spilling.connect()
      await client.query('begin read only')
      const { rows } = await client.query(`select label as ${mark} from items where id = 2`)
      expect(rows).toEqual([{ [mark]: 'ahead' }])
      expect(await transactionsNamed(mark)).toEqual([`${cluster.primary.name} idle in transaction`])
      const code = 'SWITCHYARD_PRIMARY_SPILL'
      await expect(spilling.query('select label from items')).rejects.toMatchObject({ code })
      await client.query('commit')
      expect((await spilling.query('select label from items where id = 2')).rows).toEqual([
        { label: 'ahead' },
      ])
      client.release()
    } finally {
      for (const replica of cluster.replicas) await replica.resumeReplay()
      await spilling.end()
    }
  })

  it('counts as a read of its session: what that reads next is no older', async () => {
    const [first, second] = cluster.replicas
    const sql = 'select label from items where id = 3'
    const turns = poolOver(cluster, { balancer: smoothWeightedRoundRobin() })
    await replicasReady(turns)
    await second?.pauseReplay()
    try {
      await ask(cluster.primary.config, `update items set label = 'seen' where id = 3`)
      await until('the first replica shows it', async () => {
        const rows = await ask(first?.config ?? {}, sql)
        return rows[0]?.['label'] === 'seen'
      })
      const read = async (client: Pick<Pool, 'query'>): Promise<unknown> => (await client.query(sql)).rows[0]
      let seen = 0
      for (let i = 0; i < 10; i++) {
        await turns.withSession(async () => {
          const inTransaction = await turns.transaction(read, { readOnly: true })
          const next = await read(turns)
          if (Reflect.get(Object(inTransaction), 'label') !== 'seen') return
          seen += 1
          expect(next).toEqual({ label: 'seen' })
        })
      }
      expect(seen).toBeGreaterThan(2)
      expect(seen).toBeLessThan(10)
    } finally {
      await second?.resumeReplay()
      await turns.end()
    }
  })
})

describe('in a transaction on a replica', () => {
  const code = 'SWITCHYARD_READ_ONLY_TRANSACTION'

  it('BEGIN READ ONLY; SELECT pg_advisory_xact_lock(1): locks on the primary', async () => {
    await inClient(async (client) => {
      await client.query('BEGIN READ ONLY')
      await client.query('SELECT pg_advisory_xact_lock(1)')
      expect(await advisoryLocks()).toEqual([1, 0, 0])
      expect(client.getTransactionStatus()).toBe('T')
      await client.query('ROLLBACK')
      expect(await advisoryLocks()).toEqual([0, 0, 0])
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })
  })

  it.each([
    'select pg_try_advisory_lock(1)',
    'declare c cursor for select pg_advisory_xact_lock(1)',
    'declare c cursor with hold for select 1',
    `select set_config('a.b', 'c', true), pg_advisory_xact_lock(1)`,
    `select set_config('a.b', 'c', false)`,
    'select pg_is_in_recovery()',
    'listen news',
    'set work_mem = 1000',
    'set transaction read write',
    'begin isolation level serializable',
    'commit; select pg_advisory_lock(1)',
    `prepare transaction 'x'`,
    '/* route: primary */ select 1',
    'no sql at all',
  ])('%s: reaches only the primary', async (sql) => {
    const mark = newMark()
    const client = await pool.connect()
    await client.query('begin read only')
    await client.query(`select 1 as ${mark} from items`)
    // The primary may refuse it, as with pg.
    await client.query(`/* ${mark} */ ${sql}`).catch(() => {})
    const places = await transactionsNamed(`/* ${mark} */`)
    expect(places.map((place) => place.split(' ')[0])).toEqual([cluster.primary.name])
    expect((await advisoryLocks()).slice(1)).toEqual([0, 0])
    client.release(true)
    await until('its locks are gone', async () => (await advisoryLocks())[0] === 0)
  })

  it.each([
    `insert into items values (99, 'x')`,
    'with gone as (delete from items returning *) select * from gone',
    'select * from items for update',
    'select 1 as n into numbers',
    'create table numbers (n int)',
    'drop table items',
  ])('%s: fails as on the primary', async (sql) => {
    const errors: unknown[] = []
    for (const route of ['primary', undefined] as const) {
      await inClient(async (client) => {
        const begin: QueryConfig & RouteRequest = { text: 'begin read only', ...(route && { route }) }
        await client.query(begin)
        errors.push(
          await client
            .query(sql)
            .catch((error: DatabaseError) => ({ code: error.code, message: error.message })),
        )
        expect(client.getTransactionStatus()).toBe('E')
        expect((await client.query('commit')).command).toBe('ROLLBACK')
      })
    }
    expect(errors[1]).toEqual(errors[0])
    expect(errors[1]).toMatchObject({ code: '25006' })
  })

  it('savepoints, cursors, and settings of the transaction work as on the primary', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      await client.query(`set local application_name = 'for now'`)
      await client.query(`select set_config('app.user', 'alice', true)`)
      const { rows } = await client.query(
        `select current_setting('app.user') as who, current_setting('application_name') as name`,
      )
      expect(rows).toEqual([{ who: 'alice', name: 'for now' }])
      await client.query('declare c cursor for select id from items order by id')
      expect((await client.query('fetch 2 from c')).rows).toEqual([{ id: 1 }, { id: 2 }])
      await client.query('savepoint s')
      // An open cursor cannot move to the primary.
      await expect(client.query('listen news')).rejects.toMatchObject({ code })
      expect(client.getTransactionStatus()).toBe('E')
      await client.query('rollback to savepoint s')
      expect(client.getTransactionStatus()).toBe('T')
      expect((await client.query('fetch 1 from c')).rows).toEqual([{ id: 3 }])
      await expect(client.query('select 1/0 from items')).rejects.toMatchObject({ code: '22012' })
      expect(client.getTransactionStatus()).toBe('E')
      await client.query('rollback')
      expect(client.getTransactionStatus()).toBe('I')
    })
  })

  it('query objects run there if their text is a proven read, and else on the primary', async () => {
    const mark = newMark()
    await inClient(async (client) => {
      await client.query('begin read only')
      const cursor = client.query(new Cursor(`select id as ${mark} from items order by id`))
      expect(await cursor.read(2)).toEqual([{ [mark]: 1 }, { [mark]: 2 }])
      const places = await transactionsNamed(mark)
      expect([places.length, isReplica(places[0])]).toEqual([1, true])
      await cursor.close()
      const locking = client.query(new Cursor('select pg_advisory_xact_lock(1)'))
      expect(await locking.read(1)).toHaveLength(1)
      expect(await advisoryLocks()).toEqual([1, 0, 0])
      await locking.close()
      await client.query('rollback')
    })
  })

  it('the connection of an open transaction has no other user: release closes it', async () => {
    const mark = newMark()
    const client = await pool.connect()
    await client.query('begin isolation level repeatable read read only')
    await client.query(`select 1 as ${mark} from items`)
    client.release()
    await until('it is closed', async () => (await transactionsNamed(mark)).length === 0)
  })

  it('knows what was created a moment ago through this pool', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      await pool.query('create table if not exists newcomers (id int)')
      await expect(client.query('select 1 from items')).resolves.toMatchObject({ rowCount: 50 })
      await client.query('commit')
    })
  })
})

describe('when the replica dies in its transaction', () => {
  it('statements fail as with node-postgres until ROLLBACK, with nothing in doubt', async () => {
    const mark = newMark()
    const client = await pool.connect()
    client.on('error', () => {})
    await client.query('begin read only')
    await client.query(`select 1 as ${mark} from items`)
    const place = (await transactionsNamed(mark))[0]
    const replica = cluster.replicas.find(({ name }) => place?.startsWith(`${name} `) === true)
    await replica?.stop('immediate')
    try {
      const error: unknown = await client.query('select 1 from items').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expect(outcomeOf(error)).toBe('rolled-back')
      await expect(client.query('select 1 from items')).rejects.toThrow(/not queryable/)
      await expect(client.query('rollback')).rejects.toThrow(/not queryable/)
      expect(client.getTransactionStatus()).toBe('I')
      expect((await client.query('select 1 as one from items')).rows).toHaveLength(50)
    } finally {
      client.release()
      await replica?.start()
    }
  })

  it('a statement on a replica that falls silent ends when the replica is found to be down', async () => {
    const [target] = cluster.replicas
    if (target === undefined) throw new Error('There is no replica')
    const proxy = await startProxy(target.config)
    const replicas = [{ ...target.config, ...proxy.config }]
    const behindProxy = poolOver(cluster, { replicas, probeIntervalMs: 50, probeTimeoutMs: 200 })
    try {
      await replicasReady(behindProxy)
      const client = await behindProxy.connect()
      client.on('error', () => {})
      await client.query('begin read only')
      proxy.stall()
      const error: unknown = await client.query('select 1 from items').catch((thrown: unknown) => thrown)
      client.release()
      expect(outcomeOf(error)).toBe('rolled-back')
    } finally {
      await proxy.close()
      await behindProxy.end()
    }
  })
})
