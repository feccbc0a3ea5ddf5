import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { QueryExecution } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, poolsForTests, startClusterWith } from '../support/ground.ts'
import { PATHS } from './paths.ts'

let cluster: Cluster
const open = poolsForTests(() => cluster, {})

beforeAll(async () => {
  cluster = await startClusterWith({ replicas: 1 }, itemsTable(9))
})

afterAll(() => cluster.stop())

const channel = tracingChannel<unknown, QueryExecution>('pg-switchyard:query')
const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** Steps of all messages from now on, and the messages that have ended. */
function listen(): { readonly steps: string[]; readonly ended: QueryExecution[] } {
  const steps: string[] = []
  const ended: QueryExecution[] = []
  const subscribers = {
    start: ({ summary }: QueryExecution) => void steps.push(`start ${summary}`),
    end: () => void steps.push('end'),
    asyncStart: () => void steps.push('asyncStart'),
    asyncEnd: (message: QueryExecution) => {
      steps.push('asyncEnd')
      ended.push(message)
    },
    error: ({ error }: QueryExecution) => void steps.push(`error ${error?.message}`),
  }
  channel.subscribe(subscribers)
  ends.push(() => channel.unsubscribe(subscribers))
  return { steps, ended }
}

const SECRET = '4111-secret'

describe.each(Object.entries(PATHS))('%s', (name, run) => {
  test('a read has one message, with the replica that answered it', async () => {
    const pool = await open()
    const { ended, steps } = listen()
    await run(pool, "select label from items where id > $1 and label <> '4111-secret'", [SECRET.length])
    await expect.poll(() => ended).toHaveLength(1)
    expect(steps).toEqual(['start SELECT items', 'end', 'asyncStart', 'asyncEnd'])
    const { host, port } = cluster.replicas[0]?.config ?? {}
    expect(ended[0]).toMatchObject({
      sql: 'select label from items where id > $1 and label <> ?',
      summary: 'SELECT items',
      operation: 'SELECT',
      collection: 'items',
      kind: name === 'a query object' ? 'read' : 'read',
      statement: 'select',
      ...(name === 'a query object'
        ? { role: 'primary' }
        : { role: 'replica', address: host, port, candidate: 'replica', reason: 'read' }),
    })
    expect(ended[0]?.durationMs).toBeGreaterThan(0)
    expect(inspect(ended, { depth: 9, showHidden: true })).not.toContain(SECRET)
  })

  test('a failed statement tells its SQLSTATE, and no value', async () => {
    const pool = await open()
    const { ended, steps } = listen()
    await expect(run(pool, `select ('${SECRET}' || $1)::int from items`, [SECRET])).rejects.toMatchObject({
      code: '22P02',
    })
    await expect.poll(() => ended).toHaveLength(1)
    expect(steps).toEqual(['start SELECT items', 'end', 'error SQLSTATE 22P02', 'asyncStart', 'asyncEnd'])
    expect(ended[0]?.error).toMatchObject({ code: '22P02' })
    expect(inspect(ended, { depth: 9, showHidden: true })).not.toContain(SECRET)
  })

  test('it runs under the store that a subscriber binds, and its answer in the context of the caller', async () => {
    const pool = await open()
    const spans = new AsyncLocalStorage<number | string>()
    channel.start.bindStore(spans, ({ id }) => id)
    ends.push(() => channel.start.unbindStore(spans))
    const below: unknown[] = []
    const query = pg.Client.prototype.query
    pg.Client.prototype.query = function (this: unknown, ...args: unknown[]) {
      below.push(spans.getStore())
      return Reflect.apply(query as () => unknown, this, args)
    } as never
    ends.push(() => void (pg.Client.prototype.query = query))
    const { ended } = listen()
    const stores = await spans.run('caller', async () =>
      Promise.all(
        [1, 2, 3].map(async (id) => {
          await run(pool, `select label from items where id = ${id} for update`)
          return spans.getStore()
        }),
      ),
    )
    expect(stores).toEqual(['caller', 'caller', 'caller'])
    await expect.poll(() => ended).toHaveLength(3)
    expect(new Set(below)).toEqual(new Set(ended.map(({ id }) => id)))
  })
})

test('statements of one client that wait for each other have a context of their own', async () => {
  const pool = await open()
  const spans = new AsyncLocalStorage<string | undefined>()
  channel.start.bindStore(spans, ({ collection, operation }) => `${operation} ${collection}`)
  ends.push(() => channel.start.unbindStore(spans))
  const below: unknown[] = []
  const query = pg.Client.prototype.query
  pg.Client.prototype.query = function (this: unknown, ...args: unknown[]) {
    below.push(spans.getStore())
    return Reflect.apply(query as () => unknown, this, args)
  } as never
  ends.push(() => void (pg.Client.prototype.query = query))
  const client = await pool.connect()
  await Promise.all(
    ['begin', 'update items set id = id', 'select from items', 'rollback'].map((sql) => client.query(sql)),
  )
  client.release()
  expect(below).toEqual(['BEGIN undefined', 'UPDATE items', 'SELECT items', 'ROLLBACK undefined'])
})
