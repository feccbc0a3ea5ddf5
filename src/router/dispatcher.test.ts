import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostOf, simulatedPool, type SimulatedPool } from '../../test/support/simulated-pool.ts'
import { normalizeQuery } from '../client/query-arguments.ts'
import { outcomeOf } from '../errors/outcome.ts'
import type { Conversation } from '../execution/conversation.ts'
import type { Done } from '../execution/execution.ts'

let pool: SimulatedPool
let told: string[]

const REFUSAL = {
  code: '25006',
  message: 'cannot execute in recovery',
  routine: 'PreventCommandDuringRecovery',
}
const NAMES = [
  'readRefused',
  'shapeLearned',
  'hintIgnored',
  'settingRefused',
  'startedWithoutPrimary',
] as const

beforeEach(async () => {
  pool = simulatedPool()
  told = []
  for (const name of NAMES) pool.router.events.on(name, () => void told.push(name))
  await pool.resolved(pool.router.readiness.ready())
})

afterEach(() => pool.end())

/** Hosts that a text has reached, in order. */
function hostsOf(sql: string): readonly string[] {
  return pool.network.received.filter((each) => each.sql === sql).map(({ host }) => host)
}

/** Answers of a submission, call by call. */
async function answersTo(sql: string, conversation?: Conversation): Promise<readonly string[]> {
  const answers: string[] = []
  const done: Done = (error) => void answers.push(error ? error.message : 'answered')
  const { dispatcher, sessions } = pool.router
  dispatcher.submit(normalizeQuery(sql, undefined), sessions.context.current(), { conversation }, done)
  await pool.platform.advance(3_000)
  return answers
}

describe('statements that a standby refuses', () => {
  const sql = 'select lower(name) from users'

  beforeEach(() => void (pool.network.at('a').told = REFUSAL))

  test('runs once on the primary, and is answered once', async () => {
    expect(await answersTo(sql)).toEqual(['answered'])
    expect(hostsOf(sql)).toEqual(['a', 'p'])
    expect(told).toEqual(['readRefused', 'shapeLearned'])
  })

  test('is no read from then on', async () => {
    await answersTo(sql)
    const { statement } = await pool.explain(sql)
    expect([statement.kind, statement.reason]).toEqual(['write', 'refused-by-standby'])
    await answersTo(sql)
    expect(hostsOf(sql)).toEqual(['a', 'p', 'p'])
  })

  test('counts as a write of its session', async () => {
    const session = pool.router.sessions.begin({})
    await pool.query(sql, session)
    expect(session.hasWritten).toBe(true)
  })

  test('is not learned where the primary fails it, too', async () => {
    pool.network.at('p').told = { code: '42883', message: 'function does not exist' }
    expect(await answersTo(sql)).toEqual(['function does not exist'])
    expect(told).toEqual(['readRefused'])
    expect((await pool.explain(sql)).statement.kind).toBe('read')
  })

  test('is handed to a client that holds a connection to the primary', async () => {
    let spills = 0
    expect(await answersTo(sql, { spilled: () => (spills += 1) })).toEqual([])
    expect([spills, hostsOf(sql)]).toEqual([1, ['a']])
  })
})

describe('a client that holds a connection to the primary', () => {
  test.each([
    ['gets a write back', "insert into users values ('a')"],
    ['gets a read back that belongs there', '/* route: primary */ select 1'],
  ])('%s', async (_what, sql) => {
    let spills = 0
    expect(await answersTo(sql, { spilled: () => (spills += 1) })).toEqual([])
    expect([spills, hostsOf(sql)]).toEqual([1, []])
  })

  test('gets a read back that no replica can serve', async () => {
    for (const host of ['a', 'b']) pool.network.at(host).stop()
    await pool.platform.advance(1_000)
    let leave = (): void => {}
    const spilled: Conversation['spilled'] = (over) => void (leave = over)
    expect(await answersTo('select 1', { spilled })).toEqual([])
    expect(hostsOf('select 1')).toEqual([])
    leave()
  })

  test('has a read that a replica serves answered there', async () => {
    let spills = 0
    expect(await answersTo('select 1', { spilled: () => (spills += 1) })).toEqual(['answered'])
    expect([spills, hostsOf('select 1')]).toEqual([0, ['a']])
  })
})

describe('errors', () => {
  test('of a write are the server’s own, and the write is sent once', async () => {
    pool.network.at('p').told = { code: '25P01', message: 'LOCK TABLE is only for transactions' }
    const session = pool.router.sessions.begin({})
    const sql = 'lock table users'
    await expect(pool.query(sql, session)).rejects.toMatchObject({ code: '25P01' })
    expect(hostsOf(sql)).toEqual(['p'])
    expect(session.hasWritten).toBe(false)
  })

  test('of a write with triggers that are not known may leave something behind', async () => {
    pool.network.at('p').told = { code: '23505', message: 'duplicate key' }
    const session = pool.router.sessions.begin({})
    await expect(pool.query("insert into users values ('a')", session)).rejects.toThrow('duplicate key')
    expect(session.hasWritten).toBe(true)
  })

  test('of a write whose connection is lost leave its outcome unknown', async () => {
    pool.network.at('p').told = 'is silent'
    const session = pool.router.sessions.begin({})
    const writing = pool.query("insert into users values ('a')", session)
    writing.catch(() => {})
    await pool.platform.advance(10)
    pool.network.at('p').stop()
    const error = await writing.catch((cause: unknown) => cause)
    expect([outcomeOf(error), session.hasWritten]).toEqual(['unknown', true])
  })

  test('of a read are asked again elsewhere', async () => {
    pool.network.at('a').told = { code: '57P01', message: 'terminating connection' }
    expect(await answersTo('select 1')).toEqual(['answered'])
    expect(hostsOf('select 1')).toEqual(['a', 'b'])
  })

  test('of an unknown tier are told through the callback', async () => {
    const answers: unknown[] = []
    const query = normalizeQuery({ text: 'select 1', tier: 'reports' }, undefined)
    pool.router.dispatcher.submit(query, pool.router.sessions.context.current(), {}, (error) => {
      answers.push(Reflect.get(error ?? {}, 'code'))
    })
    await pool.platform.advance(1)
    expect(answers).toEqual(['SWITCHYARD_INVALID_OPTION'])
  })
})

test('a hint for a replica that must not be followed is told once for each text', async () => {
  const sql = '/* route: replica */ select random()'
  await answersTo(sql)
  await answersTo(sql)
  expect(told).toEqual(['hintIgnored'])
  expect(hostsOf(sql)).toEqual(['p', 'p'])
})

test('that replicas serve without a primary is told once', async () => {
  const other = simulatedPool({ withoutPrimaryAtStart: 'serve' }, (network) => network.at('p').stop())
  let times = 0
  other.router.events.on('startedWithoutPrimary', () => (times += 1))
  await other.query('select 1')
  await other.query('select 2')
  expect(times).toBe(1)
  expect(other.network.received.map(({ host }) => hostOf(host))).toEqual(['a', 'a'])
  await other.end()
})
