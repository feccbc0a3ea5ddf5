import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PoolClient } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith, Tally } from '../support/ground.ts'
import { poolOver, replicasReady, shownByReplica } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'

// Query objects: what they are on a pg.Client, on a routed one too.

let cluster: Cluster
let pool: Pool
let client: PoolClient
let tally: Tally

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(500))
  pool = poolOver(cluster, { probeIntervalMs: 100 })
})

beforeEach(async () => {
  await replicasReady(pool)
  await shownByReplica(pool, ALL)
  tally = new Tally(pool)
  client = await pool.connect()
})

afterEach(() => {
  try {
    client.release()
  } catch {
    // The test has released it.
  }
})

afterAll(async () => {
  await pool?.end()
  await cluster?.stop()
})

const ALL = 'select id from items order by id'
/** Reads that were answered by the primary and by the replica. */
const reads = (): number[] => tally.reads()
const inUse = (): number => pool.totalCount - pool.idleCount

async function idsOf(stream: AsyncIterable<unknown>): Promise<number[]> {
  const ids: number[] = []
  for await (const row of stream) ids.push((row as { id: number }).id)
  return ids
}

/** The stream has begun, and stands still. */
async function begun(stream: QueryStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.once('data', () => {
      stream.pause()
      resolve()
    })
  })
}

describe('a cursor over a proven read', () => {
  it('is on a replica until its end, and what is asked behind it waits', async () => {
    const cursor = client.query(new Cursor<{ id: number }>(ALL))
    const behind = client.query('update items set label = label where id = 1 returning id')
    expect((await cursor.read(3)).map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await cursor.read(2)).map(({ id }) => id)).toEqual([4, 5])
    expect(reads()).toEqual([0, 1])
    expect(inUse()).toBe(1)
    await cursor.close()
    expect((await behind).rows).toEqual([{ id: 1 }])
    client.release()
    expect(inUse()).toBe(0)
  })

  it('ends by itself when everything is read', async () => {
    const cursor = client.query(new Cursor(ALL))
    expect(await cursor.read(1000)).toHaveLength(500)
    expect(await cursor.read(1)).toEqual([])
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
    expect(inUse()).toBe(0)
  })

  it('gives the error of its statement, and leaves the client as it was', async () => {
    const cursor = client.query(new Cursor('select 1 / (id - id) from items'))
    await expect(cursor.read(1)).rejects.toMatchObject({ code: '22012' })
    const late = client.query(new Cursor('select 1 / (id - 400) as x from items order by id'))
    expect(await late.read(10)).toHaveLength(10)
    await expect(late.read(1000)).rejects.toMatchObject({ code: '22012' })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('is closed at once behind the error of its statement', async () => {
    const cursor = client.query(new Cursor('select nothing from items'))
    await expect(cursor.read(1)).rejects.toMatchObject({ code: '42703' })
    await cursor.close()
    expect(reads()).toEqual([0, 1])
  })

  it('is on the primary in a transaction', async () => {
    await client.query('begin')
    await client.query(`update items set label = 'mine' where id = 7`)
    const cursor = client.query(new Cursor('select label from items where id = 7'))
    expect(await cursor.read(1)).toEqual([{ label: 'mine' }])
    await cursor.close()
    expect(client.getTransactionStatus()).toBe('T')
    await client.query('rollback')
    expect(client.getTransactionStatus()).toBe('I')
    await shownByReplica(pool, 'select id from items where id = 7')
    await client.query('select id from items where id = 7')
    expect(reads()[1]).toBe(1)
  })

  it('that writes is on the primary, and pins nothing', async () => {
    const cursor = client.query(new Cursor(`update items set label = 'w' where id = 8 returning id`))
    expect(await cursor.read(5)).toEqual([{ id: 8 }])
    await cursor.close()
    await cluster.caughtUp()
    await shownByReplica(pool, 'select id from items where id = 8')
    await client.query('select id from items where id = 8')
    expect(reads()[1]).toBe(1)
  })
})

describe('a stream over a proven read', () => {
  it('comes from a replica', async () => {
    const ids = await idsOf(client.query(new QueryStream(ALL, [], { batchSize: 20 })))
    expect(ids).toEqual(Array.from({ length: 500 }, (_unused, index) => index + 1))
    expect(reads()).toEqual([0, 1])
    client.release()
    expect(inUse()).toBe(0)
  })

  it('reads what its session has just written, though the replica does not show it', async () => {
    await cluster.replicas[0]?.pauseReplay()
    try {
      await client.query(`insert into items values (1000, 'new')`)
      const ids = await idsOf(client.query(new QueryStream('select id from items where id = 1000')))
      expect(ids).toEqual([1000])
    } finally {
      await cluster.replicas[0]?.resumeReplay()
      await ask(cluster.primary.config, 'delete from items where id = 1000')
    }
  })

  it('that is destroyed gives its connection back', async () => {
    const stream = client.query(new QueryStream(ALL, [], { batchSize: 5 }))
    await begun(stream)
    stream.destroy()
    await once(stream, 'close')
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    client.release()
    expect(inUse()).toBe(0)
  })

  it('is cut by a release with an error', async () => {
    const stream = client.query(new QueryStream(ALL, [], { batchSize: 5 }))
    await begun(stream)
    const failed = once(stream, 'error')
    client.release(true)
    stream.resume()
    expect((await failed)[0]).toMatchObject({ message: 'Connection terminated' })
    expect(inUse()).toBe(0)
  })

  it('tells the error of its statement, and gives its connection back', async () => {
    const stream = client.query(new QueryStream('select nothing from items'))
    await expect(idsOf(stream)).rejects.toMatchObject({ code: '42703' })
    expect(inUse()).toBe(0)
    expect(await idsOf(client.query(new QueryStream(ALL)))).toHaveLength(500)
  })

  it('fails when its replica dies on the way, and runs elsewhere when it had not begun', async () => {
    const stream = client.query(new QueryStream(ALL, [], { batchSize: 5 }))
    await begun(stream)
    const failed = once(stream, 'error')
    await ask(
      cluster.replicas[0]?.config ?? {},
      `select pg_terminate_backend(pid) from pg_stat_activity where query like '%order by id%' and pid <> pg_backend_pid()`,
    )
    stream.resume()
    expect((await failed)[0]).toMatchObject({ code: '57P01' })
    await cluster.replicas[0]?.stop('immediate')
    try {
      expect(await idsOf(client.query(new QueryStream(ALL)))).toHaveLength(500)
    } finally {
      await cluster.replicas[0]?.start()
    }
  })

  it('shows the messages of its connection on the client’s own', async () => {
    const stream = client.query(new QueryStream(ALL))
    const described = once(client.connection, 'rowDescription')
    stream.resume()
    expect((await described)[0]).toMatchObject({ fields: [{ name: 'id' }] })
    await once(stream, 'end')
  })
})

describe('COPY', () => {
  it('goes in and out, and its session sees it', async () => {
    await client.query('create table if not exists copied (id int)')
    const sink = client.query(copyFrom('copy copied from stdin'))
    await pipeline(Readable.from(['1\n', '2\n', '3\n']), sink)
    expect((await client.query('select count(*)::int as n from copied')).rows).toEqual([{ n: 3 }])
    const chunks: Buffer[] = []
    for await (const chunk of client.query(copyTo('copy copied to stdout'))) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString()).toBe('1\n2\n3\n')
    expect((await pool.query('select count(*)::int as n from copied')).rows).toEqual([{ n: 3 }])
    await client.query('drop table copied')
  })

  it('tells what is wrong, and the client goes on', async () => {
    const sink = client.query(copyFrom('copy no_such_table from stdin'))
    await expect(pipeline(Readable.from(['1\n']), sink)).rejects.toMatchObject({ code: '42P01' })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})

describe('LISTEN', () => {
  it('hears until the client is released', async () => {
    const heard: unknown[] = []
    client.on('notification', ({ payload }) => heard.push(payload))
    await client.query('listen news')
    await pool.query(`notify news, 'a'`)
    await pool.query(`notify news, 'b'`)
    await until('both were heard', () => heard.length === 2)
    expect(heard).toEqual(['a', 'b'])
    client.release(true)
  })
})
