import { Client, type PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { simulatedPool, type SimulatedPool } from '../../test/support/simulated-pool.ts'
import type { PoolOptions } from '../config/options.ts'
import { outcomeOf } from '../errors/outcome.ts'

const INSERT = "insert into users values ('a')"
const TIMED_OUT = { code: '57014', message: 'canceling statement due to statement timeout' }

let pool: SimulatedPool
let client: PoolClient

async function begin(options: PoolOptions = {}): Promise<void> {
  pool = simulatedPool(options)
  await pool.resolved(pool.router.readiness.ready())
  client = await pool.connect()
}

beforeEach(() => begin())
afterEach(() => pool.end())

const run = (sql: string, values?: unknown[]): Promise<unknown> => pool.resolved(client.query(sql, values))
const failed = (sql: string, values?: unknown[]): Promise<Error> =>
  run(sql, values).then(
    () => Promise.reject(new Error('It did not fail')),
    (error: unknown) => error as Error,
  )
const received = (): string[] => pool.network.received.map(({ sql }) => sql)

/** The messages of the queries on the primary since the last call, as one string: `PBE PBDES` without the space. */
function messages(): string {
  return pool.network.at('p').messages.splice(0).join('')
}

/** Begins once the connection is there, so that the messages are those of the transaction alone. */
async function warmed(): Promise<void> {
  await run(INSERT)
  pool.network.received.length = 0
  messages()
}

test('BEGIN and the first statement are one round trip with one Sync', async () => {
  await warmed()
  await run('begin')
  expect([received(), messages(), client.getTransactionStatus()]).toEqual([[], '', 'T'])
  await run(INSERT, ['x'])
  expect([received(), messages(), client.getTransactionStatus()]).toEqual([
    ['begin', INSERT],
    'PBEPBDES',
    'T',
  ])
  await run('commit')
  expect([messages(), client.getTransactionStatus()]).toEqual(['Q', 'I'])
  client.release()
})

test('a text without values goes along as well', async () => {
  await warmed()
  await run('begin')
  await run(INSERT)
  expect([received(), messages()]).toEqual([['begin', INSERT], 'PBEPBDES'])
  await run('rollback')
  client.release()
})

test('with pipelineBegin: false it is sent at once', async () => {
  client.release()
  await pool.end()
  await begin({ pipelineBegin: false })
  await warmed()
  await run('begin')
  expect([received(), messages()]).toEqual([['begin'], 'Q'])
  await run('rollback')
  client.release()
})

describe('is sent by itself in front of', () => {
  test.each([
    ['a text of several statements', `${INSERT}; select 1`],
    ['COPY', 'copy users from stdin'],
    ['a text that is not understood', 'what is this'],
    ['a parameter without a value', 'select $1'],
    ['a cursor', new Cursor('select 1')],
    ['a limit of rows', { text: 'select 1', rows: 1 }],
    ['types of parameters without values', { text: INSERT, types: [23] }],
  ])('%s', async (_what, query) => {
    await warmed()
    await run('begin')
    if (query instanceof Cursor) {
      client.query(query)
      await pool.resolved(query.read(1))
      await pool.resolved(query.close())
    } else await run(query as string).catch(() => {})
    const sent = messages()
    expect([received()[0], sent.slice(0, 1)]).toEqual(['begin', 'Q'])
    expect(sent.length).toBeGreaterThan(1)
    await run('rollback')
    client.release()
  })
})

describe('a transaction without a statement', () => {
  test.each([
    ['begin', 'commit', 'COMMIT'],
    ['start transaction isolation level serializable', 'end', 'COMMIT'],
    ['begin read write', 'rollback', 'ROLLBACK'],
    ['begin', 'abort', 'ROLLBACK'],
  ])('%s; %s: sends nothing', async (first, last, command) => {
    await warmed()
    await run(first)
    expect(await run(last)).toMatchObject({ command, rowCount: null, rows: [], fields: [] })
    expect([received(), messages(), client.getTransactionStatus()]).toEqual([[], '', 'I'])
    await run(INSERT)
    expect(received()).toEqual([INSERT])
    client.release()
  })

  test('is forgotten when its client is released', async () => {
    await warmed()
    await run('begin')
    client.release()
    client = await pool.connect()
    expect(client.getTransactionStatus()).toBe('I')
    await run(INSERT)
    expect([received(), messages()]).toEqual([[INSERT], 'Q'])
    client.release()
  })
})

describe('when BEGIN fails', () => {
  beforeEach(async () => {
    await warmed()
    pool.network.at('p').cutsBegin = TIMED_OUT
    await run('begin')
  })

  test.each([
    ['goes along', INSERT, ['x']],
    ['is a text alone', INSERT, undefined],
    ['comes behind it', `${INSERT}; select 1`, undefined],
  ])('the first statement, which %s, has its error and is not run', async (_how, sql, values) => {
    const error = await failed(sql, values)
    expect([Reflect.get(error, 'code'), outcomeOf(error)]).toEqual(['57014', 'not-sent'])
    expect(received()).toEqual(['begin'])
    client.release()
  })

  test('the rest of the transaction is refused until it is ended', async () => {
    await failed(INSERT)
    expect(client.getTransactionStatus()).toBe('E')
    for (const sql of [INSERT, 'select 1', 'begin', 'savepoint a', 'commit and chain']) {
      const error = await failed(sql)
      expect([Reflect.get(error, 'code'), Reflect.get(error, 'severity')]).toEqual(['25P02', 'ERROR'])
    }
    expect(received()).toEqual(['begin'])
    expect(await run('commit')).toMatchObject({ command: 'ROLLBACK' })
    expect(client.getTransactionStatus()).toBe('I')
    pool.network.at('p').cutsBegin = undefined
    await run(INSERT)
    expect(received()).toEqual(['begin', INSERT])
    client.release()
  })

  test('statements that are queued behind it are not run either', async () => {
    const all = [INSERT, INSERT, 'commit'].map((sql) => client.query(sql))
    const codes = await pool.resolved(Promise.allSettled(all))
    const told = codes.map((each) =>
      each.status === 'rejected'
        ? (Reflect.get(each.reason as object, 'code') as unknown)
        : each.value.command,
    )
    expect(told).toEqual(['57014', '25P02', 'ROLLBACK'])
    expect(received()).toEqual(['begin'])
    client.release()
  })

  test('a query object has its error', async () => {
    const cursor = client.query(new Cursor(INSERT))
    const error = await pool.resolved(cursor.read(1).catch((thrown: unknown) => thrown))
    expect([Reflect.get(error as object, 'code'), outcomeOf(error)]).toEqual(['57014', 'not-sent'])
    expect(received()).toEqual(['begin'])
    client.release()
  })

  test('the name of the statement is not taken for known', async () => {
    const named = { name: 'insert', text: INSERT, values: ['x'] }
    await pool.resolved(client.query(named)).catch(() => {})
    await run('rollback')
    pool.network.at('p').cutsBegin = undefined
    messages()
    await pool.resolved(client.query(named))
    expect(messages()).toBe('PBDES')
    client.release()
  })
})

test('a statement that node-postgres refuses leaves BEGIN held', async () => {
  await warmed()
  await run('begin')
  const error = await failed(INSERT, 'x' as never)
  expect([error.message, outcomeOf(error)]).toEqual(['Query values must be an array', undefined])
  expect([received(), client.getTransactionStatus()]).toEqual([[], 'T'])
  await run(INSERT)
  expect(received()).toEqual(['begin', INSERT])
  await run('rollback')
  client.release()
})

test('a connection that is lost meanwhile fails the first statement, which was not sent', async () => {
  await warmed()
  client.on('error', () => {})
  await run('begin')
  for (const socket of pool.network.at('p').sockets) socket.destroy()
  await pool.platform.advance(1)
  const error = await failed(INSERT)
  expect([error.message, outcomeOf(error)]).toEqual([
    'Client has encountered a connection error and is not queryable',
    'not-sent',
  ])
  expect([received(), await failed(INSERT)]).toEqual([[], expect.any(Error)])
  client.release()
})

test('a primary that is replaced meanwhile does not get the first statement', async () => {
  await warmed()
  await run('begin')
  const { network, platform, router } = pool
  network.at('a').promote()
  network.at('b').follows = network.at('a')
  await platform.advance(5_000)
  expect(router.cluster.snapshot.primary?.id).toContain('a')
  const error = await failed(INSERT)
  expect([Reflect.get(error, 'code'), outcomeOf(error)]).toEqual(['SWITCHYARD_FENCED', 'not-sent'])
  expect(received()).toEqual([])
  client.release(true)
})

describe('under a tool that wraps the query method of all clients', () => {
  const { prototype } = Client
  const { query: original } = prototype
  afterEach(() => void Object.assign(prototype, { query: original }))

  /** Wraps it as tracing tools do: `change` returns the query that is passed on. */
  async function wrapped(change: (query: { text: string }) => object): Promise<void> {
    await warmed()
    Reflect.set(prototype, 'query', function query(this: Client, config: { text: string }, ...rest: never[]) {
      const isRouted = Reflect.get(this, 'release') !== undefined && this === (client as unknown)
      const passed = typeof config === 'string' ? { text: config } : config
      return Reflect.apply(original, this, [isRouted ? config : change(passed), ...rest])
    })
  }

  test('and adds comments to copies of queries, BEGIN and the first statement keep together', async () => {
    await wrapped((query) => ({ ...query, text: `${query.text} /* traced */` }))
    await run('begin')
    expect([received(), client.getTransactionStatus()]).toEqual([[], 'T'])
    await run(INSERT, ['x'])
    expect([received(), messages()]).toEqual([['begin /* traced */', `${INSERT} /* traced */`], 'PBEPBDES'])
    await run('rollback')
    client.release()
  })

  test('and copies queries with their class, they keep together', async () => {
    await wrapped((query) => Object.assign(Object.create(Object.getPrototypeOf(query) as object), query))
    await run('begin')
    await run(INSERT)
    expect(messages()).toBe('PBEPBDES')
    await run('rollback')
    client.release()
  })

  test('and passes only texts and values, BEGIN is sent at once', async () => {
    await wrapped(({ text, ...query }) => ({ text, values: Reflect.get(query, 'values') as unknown }))
    await run('begin')
    expect([received(), messages(), client.getTransactionStatus()]).toEqual([['begin'], 'Q', 'T'])
    await run(INSERT)
    expect(received()).toEqual(['begin', INSERT])
    await run('rollback')
    client.release()
  })
})

test('BEGIN answers later, as node-postgres does, with a callback too', async () => {
  await warmed()
  const order: string[] = []
  client.query('begin', () => order.push('answered'))
  order.push('returned')
  await pool.platform.advance(1)
  expect(order).toEqual(['returned', 'answered'])
  await run('rollback')
  client.release()
})
