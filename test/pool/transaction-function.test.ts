import type { ClientConfig, PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
const pools: Pool[] = []

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table accounts (id int primary key, balance int not null)')
  await ask(cluster.primary.config, 'insert into accounts values (1, 0), (2, 0)')
  await cluster.caughtUp()
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
})

afterAll(async () => {
  await cluster.stop()
})

async function open(kind: string): Promise<Pool> {
  const pool = kind === 'routed' ? poolOver(cluster) : new Pool({ ...cluster.primary.config, logger: false })
  pools.push(pool)
  if (kind === 'routed') await replicasReady(pool)
  return pool
}

const balance = async (id: number): Promise<unknown> =>
  (await ask(cluster.primary.config, 'select balance from accounts where id = $1', [id]))[0]?.['balance']

/** Connections of the pools that are in a transaction, by the primary's word. */
const openTransactions = (): Promise<Record<string, unknown>[]> =>
  ask(
    cluster.primary.config,
    `select pid, state from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`,
  )

const add = (client: PoolClient, id: number): Promise<unknown> =>
  client.query('update accounts set balance = balance + 1 where id = $1', [id])

describe.each(['routed', 'single'])('pool.transaction() of a %s pool', (kind) => {
  it('commits, and rolls back what throws', async () => {
    const pool = await open(kind)
    const before = Number(await balance(1))
    expect(await pool.transaction(async (client) => (await add(client, 1), 'done'))).toBe('done')
    expect(await balance(1)).toBe(before + 1)
    const mine = new Error('mine')
    const failing = pool.transaction(async (client) => {
      await add(client, 1)
      throw mine
    })
    await expect(failing).rejects.toBe(mine)
    expect(await balance(1)).toBe(before + 1)
    expect(await openTransactions()).toEqual([])
  })

  it('gives its client back, each time', async () => {
    const pool = await open(kind)
    for (let i = 0; i < 25; i++) {
      await pool.transaction((client) => client.query('select 1'))
      await pool.transaction(() => Promise.reject(new Error('mine'))).catch(() => {})
    }
    expect(pool.totalCount).toBe(1)
    expect(pool.idleCount).toBe(1)
  })

  it('sends the modes that it was given', async () => {
    const pool = await open(kind)
    const sql = `select current_setting('transaction_isolation') as isolation,
      current_setting('transaction_read_only') as read_only, current_setting('transaction_deferrable') as deferrable`
    const modes = await pool.transaction(async (client) => (await client.query(sql)).rows[0], {
      isolation: 'serializable',
      readOnly: true,
      deferrable: true,
    })
    expect(modes).toEqual({ isolation: 'serializable', read_only: 'on', deferrable: 'on' })
  })

  it('runs again what lost against another transaction, and only then', async () => {
    const pool = await open(kind)
    const before = Number(await balance(2))
    const calls: number[] = []
    const lose = async (client: PoolClient): Promise<void> => {
      calls.push(calls.length)
      await client.query('select balance from accounts where id = 2')
      if (calls.length === 1)
        await ask(cluster.primary.config, 'update accounts set balance = balance + 10 where id = 2')
      await add(client, 2)
    }
    await expect(pool.transaction(lose, { isolation: 'repeatable read' })).rejects.toMatchObject({
      code: '40001',
    })
    calls.length = 0
    await pool.transaction(lose, { isolation: 'repeatable read', retries: 2 })
    expect(calls).toHaveLength(2)
    expect(await balance(2)).toBe(before + 21)
  })

  it('runs again what COMMIT gave up, and what met a deadlock', async () => {
    const pool = await open(kind)
    let calls = 0
    const skew = async (client: PoolClient): Promise<void> => {
      calls += 1
      await client.query('select sum(balance) from accounts')
      await client.query('update accounts set balance = balance where id = 1')
      if (calls > 1) return
      // Another serializable transaction that read the same, wrote the other row, and was first.
      await pool.transaction(
        async (other) => {
          await other.query('select sum(balance) from accounts')
          await other.query('update accounts set balance = balance where id = 2')
        },
        { isolation: 'serializable' },
      )
    }
    await pool.transaction(skew, { isolation: 'serializable', retries: 3 })
    expect(calls).toBe(2)

    calls = 0
    const deadlock = async (client: PoolClient): Promise<unknown> => {
      calls += 1
      return calls === 1 ? client.query(`do $$ begin raise sqlstate '40P01'; end $$`) : add(client, 1)
    }
    await pool.transaction(deadlock, { retries: 1 })
    expect(calls).toBe(2)
  })

  it('says so when the function has swallowed an error, and nothing could be committed', async () => {
    const pool = await open(kind)
    const before = await balance(1)
    const swallowing = pool.transaction(async (client) => {
      await add(client, 1)
      await client.query('select 1/0').catch(() => {})
    })
    await expect(swallowing).rejects.toMatchObject({ code: 'SWITCHYARD_TRANSACTION_ABORTED' })
    expect(await balance(1)).toBe(before)
  })

  it('closes a connection that is lost on its way, and does not try again', async () => {
    const pool = await open(kind)
    pool.on('error', () => {})
    let calls = 0
    const dying = pool.transaction(
      async (client) => {
        calls += 1
        client.on('error', () => {})
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
        await add(client, 1)
        await ask(cluster.primary.config, 'select pg_terminate_backend($1)', [rows[0]?.pid])
        await client.query('select 1')
      },
      { retries: 3 },
    )
    await expect(dying).rejects.toThrow(/terminat|connection error/)
    expect(calls).toBe(1)
    await until('it is gone', async () => pool.totalCount === 0 && (await openTransactions()).length === 0)
  })

  it('refuses release() in the function, and options that are wrong before anything is sent', async () => {
    const pool = await open(kind)
    await pool.transaction((client) => expect(() => client.release()).toThrow(/do not release it/))
    const wrong = pool.transaction(() => 1, { retries: -1 })
    await expect(wrong).rejects.toMatchObject({ code: 'SWITCHYARD_INVALID_OPTION' })
    await expect(pool.transaction(undefined as never)).rejects.toThrow(TypeError)
  })
})

describe('pool.transaction({ readOnly: true })', () => {
  it('runs on a replica that shows what its session has written', async () => {
    const pool = await open('routed')
    const before = pool.stats().nodes.map(({ queries }) => queries)
    await pool.withSession(async () => {
      await pool.transaction((client) => add(client, 1))
      const expected = await balance(1)
      const { rows } = await pool.transaction(
        (client) => client.query('select balance from accounts where id = 1'),
        { readOnly: true, isolation: 'repeatable read' },
      )
      expect(rows).toEqual([{ balance: expected }])
    })
    const after = pool.stats().nodes.map(({ queries }, index) => queries - (before[index] ?? 0))
    expect(after).toEqual([3, 3])
  })

  it('counts on the servers: fifty of them leave the primary alone', async () => {
    const pool = await open('routed')
    const count = async (config: ClientConfig): Promise<number> => {
      const rows = await ask(
        config,
        `select idx_scan + seq_scan as n from pg_stat_user_tables where relname = 'accounts'`,
      )
      return Number(rows[0]?.['n'])
    }
    const [replica] = cluster.replicas
    const [primaryBefore, replicaBefore] = [
      await count(cluster.primary.config),
      await count(replica?.config ?? {}),
    ]
    for (let i = 0; i < 50; i++) {
      await pool.transaction((client) => client.query('select balance from accounts where id = 1'), {
        readOnly: true,
      })
    }
    await pool.end()
    pools.splice(0)
    await until(
      'the replica has counted',
      async () => (await count(replica?.config ?? {})) - replicaBefore >= 50,
    )
    expect((await count(cluster.primary.config)) - primaryBefore).toBe(0)
  })

  it('a write in it fails as it would on the primary', async () => {
    const pool = await open('routed')
    const error: unknown = await pool
      .transaction((client) => add(client, 1), { readOnly: true, retries: 3 })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: '25006' })
  })
})
