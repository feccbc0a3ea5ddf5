import Cursor from 'pg-cursor'
import { Client, type PoolClient, type QueryConfig } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool, RouteRequest } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { EVERYDAY_SCHEMA } from '../support/everyday.ts'
import { ask, commitsWait, serversThatRan } from '../support/servers.ts'
import { movesDuring, withClient } from '../support/transactions.ts'
import { alterSystem } from '../support/settings.ts'

let cluster: Cluster
let pool: Pool
let marks = 0

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(20), EVERYDAY_SCHEMA)
  pool = poolOver(cluster, { probeIntervalMs: 50 })
})

beforeEach(() => replicasReady(pool))

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

const inClient = <T>(fn: (client: PoolClient) => Promise<T>, from = pool): Promise<T> => withClient(from, fn)
const newMark = (): string => `moved_${++marks}_`

describe('a transaction that moves to the primary', () => {
  const needsPrimary = 'select pg_is_in_recovery()'

  it('stays there until its end, and returns the connection of its replica for others', async () => {
    const mark = newMark()
    const single = poolOver(cluster, { probeIntervalMs: 50, max: 1 })
    await replicasReady(single)
    try {
      await inClient(async (client) => {
        await client.query('begin read only')
        await client.query(`select 1 as ${mark}before from items`)
        expect(client.getTransactionStatus()).toBe('T')
        expect((await client.query(needsPrimary)).rows).toEqual([{ pg_is_in_recovery: false }])
        expect(client.getTransactionStatus()).toBe('T')
        await client.query(`select 1 as ${mark}after from items`)
        expect(await serversThatRan(cluster, `${mark}after`)).toEqual([cluster.primary.name])
        const { rows } = await client.query('select pg_backend_pid() as pid')
        expect(Reflect.get(client, 'processID')).toBe(rows[0].pid)
        // The only connection to the replica is free.
        const other = await single.query('select count(*)::int as n from items')
        expect(other.rows).toEqual([{ n: 20 }])
        await client.query('commit')
        expect(client.getTransactionStatus()).toBe('I')
      }, single)
    } finally {
      await single.end()
    }
  })

  it('is told by an event', async () => {
    const moves = await movesDuring(pool, () =>
      inClient(async (client) => {
        await client.query('begin isolation level repeatable read read only')
        await client.query('select 1 from items')
        await client.query('select 2 from items')
        await client.query(needsPrimary)
        await client.query(needsPrimary)
        await client.query('commit')
      }),
    )
    expect(moves).toEqual([
      {
        node: expect.any(String) as string,
        reason: 'statement',
        statement: 'function-node-local',
        repeated: 2,
        durationMs: expect.any(Number) as number,
      },
    ])
  })

  it.each([
    '/* route: primary */ select label from items where id = 1',
    { text: 'select label from items where id = 1', route: 'primary' } satisfies QueryConfig & RouteRequest,
  ])('%j: moves it because that is requested', async (query) => {
    const moves = await movesDuring(pool, () =>
      inClient(async (client) => {
        await client.query('begin read only')
        expect((await client.query(query)).rows).toEqual([{ label: 'item 1' }])
        await client.query('commit')
      }),
    )
    expect(moves).toMatchObject([{ reason: 'asked-primary' }])
  })

  it.each(['read committed', 'repeatable read'])(
    '%s: brings its settings, and nothing of what ROLLBACK TO has undone',
    async (level) => {
      await inClient(async (client) => {
        const tenants = async (): Promise<unknown> => (await client.query('select label from tenants')).rows
        const values = ['a']
        await client.query(`begin isolation level ${level} read only`)
        await client.query('set local role reader')
        await client.query(`select set_config('app.tenant', $1, true)`, values)
        // The caller's array may change after the call.
        values[0] = 'b'
        await client.query('savepoint one')
        await client.query(`set local app.tenant = 'b'`)
        await client.query(`set local app.other = 'lost'`)
        await client.query('savepoint two')
        await client.query(`set local app.tenant = 'nobody'`)
        await client.query('rollback to one')
        await client.query(`set local app.kept = 'kept'`)
        await client.query('savepoint three')
        await client.query('release three')
        expect(await tenants()).toEqual([{ label: 'of a' }])
        await client.query(needsPrimary)
        expect(await tenants()).toEqual([{ label: 'of a' }])
        const { rows } = await client.query(
          `select current_setting('app.other', true) as other, current_setting('app.kept') as kept, current_user as who`,
        )
        expect(rows).toMatchObject([{ kept: 'kept', who: 'reader' }])
        expect(rows[0].other ?? '').toBe('')
        await client.query('rollback to one')
        const left = await client.query(`select current_setting('app.kept', true) as kept`)
        expect(left.rows[0].kept ?? '').toBe('')
        expect(await tenants()).toEqual([{ label: 'of a' }])
        await client.query('commit')
        expect((await client.query('select current_user as who')).rows).not.toEqual([{ who: 'reader' }])
      })
    },
  )

  it('a failed transaction is failed there too', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      await client.query('savepoint s')
      await expect(client.query('select 1 / (id - 1) from items')).rejects.toMatchObject({ code: '22012' })
      await expect(client.query('select pg_is_in_recovery(); select 1')).rejects.toMatchObject({
        code: '25P02',
      })
      expect(client.getTransactionStatus()).toBe('E')
      await client.query('rollback to s')
      expect((await client.query(needsPrimary)).rows).toEqual([{ pg_is_in_recovery: false }])
      await client.query('commit')
    })
  })

  it('COMMIT AND CHAIN begins another transaction of the same kind, without the settings of the last', async () => {
    await inClient(async (client) => {
      await client.query('begin isolation level repeatable read read only')
      await client.query(`set local app.tenant = 'a'`)
      await client.query('select now()')
      await client.query('commit and chain')
      expect((await client.query(needsPrimary)).rows).toEqual([{ pg_is_in_recovery: false }])
      const { rows } = await client.query(
        `select current_setting('transaction_isolation') as level, current_setting('transaction_read_only') as ro, current_setting('app.tenant', true) as tenant`,
      )
      expect(rows).toMatchObject([{ level: 'repeatable read', ro: 'on' }])
      expect(rows[0].tenant ?? '').toBe('')
      await client.query('rollback')
    })
  })

  it.each(['set transaction read write', 'set transaction isolation level serializable'])(
    '%s: comes too late there behind a query, too',
    async (sql) => {
      await inClient(async (client) => {
        await client.query('begin read only')
        await client.query('select 1 from items')
        await expect(client.query(sql)).rejects.toMatchObject({ code: '25001' })
        await client.query('rollback')
        await client.query('begin read only')
        await client.query(sql)
        await client.query('rollback')
      })
    },
  )

  it('SET TRANSACTION changes what begins there', async () => {
    await inClient(async (client) => {
      await client.query('begin read only')
      await client.query('set transaction isolation level repeatable read')
      await client.query('select 1 from items')
      await client.query(needsPrimary)
      expect((await client.query('show transaction_isolation')).rows).toEqual([
        { transaction_isolation: 'repeatable read' },
      ])
      await client.query('rollback')
    })
  })

  it('a snapshot that it exports is one of the primary, and others can use it', async () => {
    await inClient((first) =>
      inClient(async (second) => {
        await first.query('begin isolation level repeatable read read only')
        const { rows } = await first.query('select pg_export_snapshot() as id')
        await ask(cluster.primary.config, `update items set label = 'later' where id = 7`)
        await second.query('begin isolation level repeatable read read only')
        await second.query(`set transaction snapshot '${rows[0].id}'`)
        expect((await second.query('select label from items where id = 7')).rows).toEqual([
          { label: 'item 7' },
        ])
        await second.query('commit')
        await first.query('commit')
      }),
    )
  })

  it('goes on under the settings and the role of its session', async () => {
    await pool.withSession({ settings: { 'app.tenant': 'b' }, role: 'reader' }, () =>
      inClient(async (client) => {
        const tenants = async (): Promise<unknown> => (await client.query('select label from tenants')).rows
        await client.query('begin read only')
        expect(await tenants()).toEqual([{ label: 'of b' }])
        await client.query(needsPrimary)
        expect(await tenants()).toEqual([{ label: 'of b' }])
        expect((await client.query('select current_user as who')).rows).toEqual([{ who: 'reader' }])
        await client.query('commit')
      }),
    )
  })

  it('query objects move it too', async () => {
    const mark = newMark()
    await inClient(async (client) => {
      await client.query('begin read only')
      const read = client.query(new Cursor(`select id as ${mark} from items order by id`))
      expect(await read.read(1)).toEqual([{ [mark]: 1 }])
      await read.close()
      const cursor = client.query(new Cursor('select pg_is_in_recovery() as is'))
      expect(await cursor.read(1)).toEqual([{ is: false }])
      await cursor.close()
      expect(client.getTransactionStatus()).toBe('T')
      await client.query('commit')
    })
  })

  it('shows nothing older than before, although the primary shows a commit later than its replica', async () => {
    const waiting = poolOver(cluster, { probeIntervalMs: 50, failoverTimeoutMs: 1_000 })
    await replicasReady(waiting)
    const { config } = cluster.primary
    const unshown = newMark()
    const writer = new Client(config)
    await writer.connect()
    await alterSystem(config, { synchronous_standby_names: 'nobody' })
    try {
      await commitsWait(config)
      await inClient(async (client) => {
        // The commit is on the replica, and waits on the primary for a standby that does not exist.
        const written = writer.query(`update items set label = '${unshown}' where id = 5`)
        written.catch(() => {})
        await client.query('begin read only')
        const label = async (): Promise<unknown> =>
          (await client.query('select label from items where id = 5')).rows[0].label
        while ((await label()) !== unshown);
        await expect(client.query(needsPrimary)).rejects.toMatchObject({ code: 'SWITCHYARD_PRIMARY_BEHIND' })
        expect(client.getTransactionStatus()).toBe('E')
        await client.query('rollback')
        await client.query('begin read only')
        expect(await label()).toBe(unshown)
        // It waits for the reload only.
        await ask(config, 'alter system reset synchronous_standby_names')
        const moved = client.query(needsPrimary)
        await ask(config, 'select pg_reload_conf()')
        await moved
        expect(await label()).toBe(unshown)
        await client.query('commit')
        await written
      }, waiting)
    } finally {
      await alterSystem(config, { synchronous_standby_names: null })
      await writer.end()
      await waiting.end()
    }
  })
})

describe('in a transaction with one snapshot', () => {
  const begin = 'begin isolation level repeatable read read only'
  const needsPrimary = 'select pg_is_in_recovery()'

  it.each([
    ['a value', `update items set label = label || '!' where id = 9`, 'select label from items where id = 9'],
    [
      'a value in a row among as many',
      `update items set label = label || '?' where id = 9`,
      'select label from items where id < 15',
    ],
    [
      'the order of rows',
      `update items set label = case id when 11 then 'item 12' else 'item 11' end where id in (11, 12)`,
      `select label from items where id in (11, 12) order by id`,
    ],
    ['an error', `update items set id = 1000 where id = 10`, 'select 1 / (id - 10) from items where id = 10'],
  ])('40001 where %s has changed, and a failed transaction until its end', async (_what, change, read) => {
    await inClient(async (client) => {
      await client.query(begin)
      await client.query('savepoint s')
      await client.query(read).catch(() => client.query('rollback to s'))
      await ask(cluster.primary.config, change)
      await expect(client.query(needsPrimary)).rejects.toMatchObject({
        code: '40001',
        severity: 'ERROR',
        hint: expect.stringContaining('Run the transaction again') as string,
      })
      expect(client.getTransactionStatus()).toBe('E')
      await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
      // What it has shown must not be continued on another snapshot.
      await expect(client.query('rollback to s')).rejects.toMatchObject({ code: '3B001' })
      expect((await client.query('commit')).command).toBe('ROLLBACK')
      expect(client.getTransactionStatus()).toBe('I')
    })
  })

  it('rows in another order are the same without ORDER BY', async () => {
    const read = 'select id from heap'
    await inClient(async (client) => {
      await client.query(begin)
      const before = (await client.query(read)).rows
      await ask(cluster.primary.config, `update heap set id = id where id = 1`)
      await client.query(needsPrimary)
      const after = (await client.query(read)).rows
      expect(after).not.toEqual(before)
      expect(new Set(after.map(({ id }) => id as number))).toEqual(new Set([1, 2, 3]))
      await client.query('commit')
    })
  })

  it('goes on where nothing that it has read has changed, with the parsers of its caller', async () => {
    await inClient(async (client) => {
      await client.query(begin)
      const types = { getTypeParser: () => () => 'parsed' }
      const read = {
        text: 'select id, label from items where id < $1',
        values: [4],
        types,
        rowMode: 'array' as const,
      }
      const { rows } = await client.query(read)
      expect(rows).toEqual([1, 2, 3].map(() => ['parsed', 'parsed']))
      await client.query({ text: 'select label from items where id = $1', name: 'named', values: [1] })
      await client.query('copy (select id from items) to stdout')
      await ask(cluster.primary.config, `update items set label = 'other' where id = 19`)
      expect((await client.query(needsPrimary)).rows).toEqual([{ pg_is_in_recovery: false }])
      // It has a new snapshot, in which what was read is the same.
      expect((await client.query('select label from items where id = 19')).rows).toEqual([{ label: 'other' }])
      await client.query('commit')
    })
  })

  let tries = 0

  it('a caller who retries always comes to an end', async () => {
    let attempts = 0
    // A beginning of its own each time: the pool has learned the last one.
    const beginning = `select now() as now_${(tries += 1)}, label from items where id = 1`
    const run = (): Promise<unknown> =>
      pool.transaction(
        async (client) => {
          attempts += 1
          await client.query(beginning)
          return (await client.query(needsPrimary)).rows
        },
        { readOnly: true, isolation: 'repeatable read', retries: 1 },
      )
    expect(await run()).toEqual([{ pg_is_in_recovery: false }])
    expect(attempts).toBe(2)
    const moves = await movesDuring(pool, run)
    expect(attempts).toBe(3)
    expect(moves).toMatchObject([{ reason: 'learned', repeated: 0 }])
  })

  it.each([
    ['its cursor c is open', ['declare c cursor for select id from items']],
    ['a query object', []],
    ['too large', ['select g from generate_series(1, 100001) g']],
  ])('stays where that cannot be compared, with an error: %s', async (why, before) => {
    await inClient(async (client) => {
      await client.query(begin)
      for (const sql of before) await client.query(sql)
      if (before.length === 0) {
        const cursor = client.query(new Cursor('select id from items'))
        await cursor.read(1)
        await cursor.close()
      }
      await expect(client.query(needsPrimary)).rejects.toMatchObject({
        code: 'SWITCHYARD_READ_ONLY_TRANSACTION',
        outcome: 'not-sent',
        message: expect.stringMatching(
          new RegExp(`pg_is_in_recovery\\(\\).*${why}.*\\{ route: 'primary' \\}`),
        ) as string,
      })
      expect(client.getTransactionStatus()).toBe('E')
      await client.query('rollback')
    })
  })
})
