import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SimulatedPool, simulatedPool } from '../../test/support/simulated-pool.ts'
import type { PoolOptions } from '../config/options.ts'
import type { MutableSession } from '../consistency/session.ts'
import { OF_ANY_KEY, type Touched } from '../consistency/touched.ts'
import type { Asked, RouteRequest } from '../routing/decide.ts'
import type { Route } from '../routing/route.ts'
import { classify } from '../statement/classify.ts'
import type { Statement } from '../statement/statement.ts'
import type { SessionKeeper } from './session-keeper.ts'

const pools: SimulatedPool[] = []
let pool: SimulatedPool
let sessions: SessionKeeper
const rejected: string[] = []

async function begin(options: PoolOptions = {}): Promise<void> {
  pool = simulatedPool(options)
  pools.push(pool)
  pool.router.events.on('tokenRejected', ({ reason }) => void rejected.push(reason))
  await pool.resolved(pool.router.readiness.ready())
  ;({ sessions } = pool.router)
}

beforeEach(async () => {
  rejected.length = 0
  await begin()
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((each) => each.end()))
})

const WRITE = "insert into users values ('a')"
const ASKED: Asked = { request: {}, keyValues: [] }
const READ: Statement = await classify('select 1')
const TO_REPLICA: Route = { role: 'replica', reason: 'read', freshness: {} }

async function wrote(options: Parameters<SessionKeeper['begin']>[0] = {}): Promise<MutableSession> {
  const session = sessions.begin(options)
  await pool.query(WRITE, session)
  return session
}

describe('a session that begins', () => {
  test('has the tier of the session around it, unless it names one', async () => {
    await begin({ tiers: { reports: {}, web: {} } })
    const around = sessions.begin({ tier: 'reports' })
    const [same, other] = sessions.context.run(around, () => [
      sessions.begin({}),
      sessions.begin({ tier: 'web' }),
    ])
    expect([sessions.begin({}).tier, same?.tier, other?.tier]).toEqual([undefined, 'reports', 'web'])
  })

  test('reads nothing older than what the first look at the primary saw', () => {
    expect(sessions.begin({}).position).toEqual({ systemIdentifier: '7000', timeline: 1, lsn: 0x1000n })
  })

  test('knows what the session around it has written, and is known to have written by it', async () => {
    const around = await wrote()
    const inner = sessions.context.run(around, () => sessions.begin({}))
    expect(inner.floorPendingSinceMs).toBe(around.floorPendingSinceMs)
    const other = sessions.begin({})
    const within = sessions.context.run(other, () => sessions.begin({}))
    await pool.query(WRITE, within)
    expect([other.hasWritten, sessions.context.implicit.hasWritten]).toEqual([true, true])
  })
})

describe('a token', () => {
  test('says what its session has written', async () => {
    const token = await pool.resolved(sessions.tokenOf(await wrote()))
    expect(sessions.begin({ token }).position?.lsn).toBe(0x1100n)
  })

  test('is none of a session that has seen nothing since the cluster was looked at', async () => {
    const token = await pool.resolved(sessions.tokenOf(sessions.begin({})))
    expect(sessions.begin({ token }).position?.lsn).toBe(0x1000n)
  })

  test('asks for the primary where the position cannot be had', async () => {
    pool.network.at('p').hidesPosition = true
    const token = await pool.resolved(sessions.tokenOf(await wrote()))
    const { position, primaryUntilMs = 0 } = sessions.begin({ token })
    expect(position?.lsn).toBe(0x1000n)
    expect(primaryUntilMs).toBeGreaterThan(pool.platform.now())
  })

  test.each([
    ['is rejected when it is none', 'nonsense'],
    ['is rejected when it is empty', ''],
  ])('%s', (_what, token) => {
    expect(sessions.begin({ token }).primaryUntilMs).toBeUndefined()
    expect(rejected).toHaveLength(1)
  })

  test('of a position that the primary has not reached is rejected once that is known', async () => {
    const token = await pool.resolved(sessions.tokenOf(await wrote()))
    await begin()
    const session = sessions.begin({ token })
    expect(rejected).toEqual([])
    await pool.query('select * from users', session)
    expect(rejected).toEqual(['ahead-of-primary'])
  })
})

describe('a statement that may write', () => {
  test('waits for what its session has read from a replica only where commits wait for standbys', async () => {
    const session = sessions.begin({})
    session.readFrom({ serverIdentity: 'gone', atMs: pool.platform.now() })
    expect(sessions.proofs.seenOnPrimary(session)).toBeUndefined()
    pool.network.at('p').commitsWait = true
    await pool.platform.advance(2_000)
    expect(sessions.proofs.seenOnPrimary(session)).toBeInstanceOf(Promise)
    expect(sessions.proofs.seenOnPrimary(sessions.begin({}))).toBeUndefined()
    expect(sessions.proofs.seenOnPrimary(sessions.context.implicit)).toBeUndefined()
  })
})

describe('a read', () => {
  test.each<readonly [what: string, request: RouteRequest, hint: 'primary' | 'replica' | undefined]>([
    ['of a session that wrote', {}, undefined],
    ['that asks for a node', { route: 'replica' }, undefined],
    ['with a hint', {}, 'replica'],
    ['that asks for less', { consistency: 'eventual' }, undefined],
  ])('%s waits for no floor', async (_what, request, hint) => {
    pool.network.at('p').asked = 'is silent'
    const session = sessions.begin({})
    sessions.wrote({ sessions: [session], catalogEffect: 'none', changes: 'everything' })
    expect(sessions.awaited(session, request, hint)).toBeUndefined()
  })

  test('outside of sessions goes by the time of the last write of what it shows', async () => {
    await pool.platform.advance(1_000)
    const { implicit } = sessions.context
    const showing = (...shows: string[]): Statement => ({ ...READ, footprint: { changes: [], shows } })
    const changed = (changes: Touched): void =>
      sessions.wrote({ sessions: [implicit], catalogEffect: 'none', changes })
    const nowMs = pool.platform.now()
    expect(implicit.changedAtMs(showing('users'), OF_ANY_KEY)).toBeUndefined()
    changed(['app.users'])
    expect(implicit.changedAtMs(showing('users'), OF_ANY_KEY)).toBe(nowMs)
    // Only as new as the catalog by which its footprint was found.
    expect(implicit.changedAtMs(showing('other.users', 'customers'), OF_ANY_KEY)).toBeLessThan(nowMs - 900)
    changed('everything')
    expect(implicit.changedAtMs(showing('customers'), OF_ANY_KEY)).toBe(nowMs)
  })
})

test('a write that was judged by a former schema counts for everything', async () => {
  await pool.platform.advance(1_000)
  const { implicit } = sessions.context
  const schema = sessions.schema.number
  sessions.schema.changed(pool.platform.now() - 900)
  const showing: Statement = { ...READ, footprint: { changes: [], shows: ['customers'] } }
  sessions.wrote({ sessions: [implicit], catalogEffect: 'none', changes: ['app.users'], schema })
  expect(implicit.changedAtMs(showing, OF_ANY_KEY)).toBe(pool.platform.now())
})

describe('the node that answered a read', () => {
  test('matters to a session of its own, and to the pool’s only in place of a replica', () => {
    const { implicit } = sessions.context
    expect(sessions.follower(sessions.begin({}), ASKED, TO_REPLICA, READ)?.isMonotonic).toBe(true)
    expect(sessions.follower(implicit, ASKED, TO_REPLICA, READ)?.isMonotonic).toBe(false)
    expect(
      sessions.follower(implicit, ASKED, { role: 'primary', reason: 'session-wrote' }, READ),
    ).toBeUndefined()
  })

  test('does not matter where less is promised', () => {
    const session = sessions.begin({ consistency: 'eventual' })
    expect(sessions.follower(session, ASKED, TO_REPLICA, READ)).toBeUndefined()
    expect(
      sessions.follower(session, { request: { consistency: 'causal' }, keyValues: [] }, TO_REPLICA, READ)
        ?.isMonotonic,
    ).toBe(true)
  })

  test('is what the next read of the session must not fall behind', async () => {
    const session = sessions.begin({})
    await pool.query('select 1', session)
    expect(session.lastReads.map(({ serverIdentity }) => serverIdentity)).toEqual(['7000:a 1'])
    await pool.query({ text: 'select 1', route: 'primary' }, session)
    expect(session.pending?.floor ?? session.position).toBeDefined()
  })
})

describe('a write', () => {
  test.each<readonly [what: string, sql: string, hasWritten: boolean]>([
    ['counts', WRITE, true],
    ['counts though it may only have written', 'select touch_user(1)', true],
    ['is no read', 'select 1', false],
    ['is no read on the primary', '/* route: primary */ select 1', false],
  ])('%s: %s', async (_what, sql, hasWritten) => {
    const session = sessions.begin({})
    await pool.query(sql, session)
    expect(session.hasWritten).toBe(hasWritten)
  })

  test('of one pool is announced to the others of the process', async () => {
    const other = new SimulatedPool(pool.platform, pool.network)
    pools.push(other)
    await other.resolved(other.router.readiness.ready())
    for (const host of ['a', 'b']) pool.network.at(host).pauseReplay()
    await other.query(WRITE)
    await pool.query('select * from users')
    expect(pool.network.received.at(-1)?.host).toBe('p')
  })

  test('of a closed pool is not announced', async () => {
    sessions.close()
    const other = new SimulatedPool(pool.platform, pool.network)
    pools.push(other)
    await other.resolved(other.router.readiness.ready())
    for (const host of ['a', 'b']) pool.network.at(host).pauseReplay()
    await other.query(WRITE)
    await pool.query('select * from users')
    expect(pool.network.received.at(-1)?.host).toBe('a')
  })
})

test.each<readonly [sql: string, may: boolean]>([
  ['set synchronous_commit = off', true],
  ['select set_config($1, $2, false)', true],
  ['set work_mem = 1', false],
])('%s may leave commits unflushed: %j', async (sql, may) => {
  sessions.noteSetting(await classify(sql))
  expect(sessions.mayBeUnflushed).toBe(may)
})

test.each([
  ['off', true],
  ['on', false],
  [null, false],
])('so may a connection that begins with synchronous_commit %s: %j', (commit, may) => {
  sessions.opened(commit)
  expect(sessions.mayBeUnflushed).toBe(may)
})

test('after a lock or a notification every session reads what is committed by then', async () => {
  const session = sessions.begin({})
  for (const host of ['a', 'b']) pool.network.at(host).pauseReplay()
  pool.network.at('p').written()
  sessions.synchronized()
  await pool.query('select * from users', session)
  expect(pool.network.received.at(-1)?.host).toBe('p')
})
