import Cursor from 'pg-cursor'
import type { PoolOptions } from '../../src/config/options.ts'
import type { MutableSession } from '../../src/consistency/session.ts'
import type { Explanation } from '../../src/observability/explain.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import { hostOf, type SimulatedPool } from './simulated-pool.ts'

/** One state of the cluster. `p` is its primary, `a` and `b` are replicas. */
export interface ClusterState {
  readonly options?: PoolOptions
  /** What was so before the pool saw it. */
  readonly before?: (network: SimulatedNetwork) => void
  /** What has happened since. */
  readonly after?: (pool: SimulatedPool) => Promise<void> | void
  /** True where the pool cannot get ready. */
  readonly isUnready?: boolean
}

/** Long enough for every node to be probed, in milliseconds. */
const SOON_MS = 1_000

const stopped =
  (...hosts: readonly string[]) =>
  async (pool: SimulatedPool): Promise<void> => {
    for (const host of hosts) pool.network.at(host).stop()
    await pool.platform.advance(SOON_MS)
  }

const paused =
  (...hosts: readonly string[]) =>
  (pool: SimulatedPool): void => {
    for (const host of hosts) pool.network.at(host).pauseReplay()
  }

const TAGGED = [
  { host: 'a', tags: { use: 'reports' } },
  { host: 'b', tags: { use: 'web' } },
]

/** States of the cluster, by what is different from one that is well. */
export const clusters: Readonly<Record<string, ClusterState>> = {
  well: {},
  'a does not replay': { after: paused('a') },
  'no replica replays': { after: paused('a', 'b') },
  'a lags by three seconds': {
    after: async (pool) => {
      pool.network.at('a').pauseReplay()
      pool.network.at('p').written()
      await pool.platform.advance(3_000)
    },
  },
  'a is too far behind': {
    options: { maxLag: { ms: 2_000 } },
    after: async (pool) => {
      pool.network.at('a').pauseReplay()
      pool.network.at('p').written()
      await pool.platform.advance(4_000)
    },
  },
  'a does not tell how far it is': { before: (network) => void (network.at('a').hidesPosition = true) },
  'a is down': { after: stopped('a') },
  'both replicas are down': { after: stopped('a', 'b') },
  'a is suspected': {
    after: (pool) => {
      pool.network.at('a').asked = 'is silent'
      pool.router.cluster.suspect(nodeAt(pool, 'a'), new Error('read ECONNRESET'))
    },
  },
  'a is drained': { options: { replicas: [{ host: 'a', weight: 0 }, { host: 'b' }] } },
  'a is of another cluster': {
    after: async (pool) => {
      pool.network.at('a').system = '7001'
      await pool.platform.advance(SOON_MS)
    },
  },
  'a has failed five reads': {
    after: async (pool) => {
      pool.network.at('a').told = { code: '57P01', message: 'terminating connection' }
      for (let reads = 0; reads < 5; reads++) {
        await pool.query('select 5', pool.router.sessions.begin({}))
        await pool.platform.advance(100)
      }
      pool.network.at('a').told = 'answers'
      await pool.platform.advance(500)
    },
  },
  'the primary is down': { after: stopped('p') },
  'no primary from the start': { before: (network) => network.at('p').stop(), isUnready: true },
  'no primary from the start, and replicas serve': {
    before: (network) => network.at('p').stop(),
    options: { withoutPrimaryAtStart: 'serve' },
    isUnready: true,
  },
  'a was promoted, and the old primary is down': {
    after: async (pool) => {
      pool.network.at('p').stop()
      await pool.platform.advance(SOON_MS)
      pool.network.at('a').promote()
      await pool.platform.advance(SOON_MS)
    },
  },
  'the replicas have one address': { options: { replicas: [{ host: 'a', balanced: true }] } },
  'a is for reports': { options: { replicas: TAGGED, tiers: { reports: { tags: { use: 'reports' } } } } },
  'a, for reports, is down': {
    options: { replicas: TAGGED, tiers: { reports: { tags: { use: 'reports' } } } },
    after: stopped('a'),
  },
  'the replicas are down, and nothing spills': {
    options: { primarySpill: { share: 0 }, failoverTimeoutMs: 1_000 },
    after: stopped('a', 'b'),
  },
  'the catalog is not loaded': {
    before: (network) => void (network.at('p').catalogAsked = 'is silent'),
    isUnready: true,
  },
}

const inserted = "insert into users values ('by the session')"

async function wrote(pool: SimulatedPool, session: MutableSession): Promise<MutableSession> {
  await pool.query(inserted, session)
  return session
}

async function wroteInTheDark(pool: SimulatedPool, afterMs: number): Promise<MutableSession> {
  const session = pool.router.sessions.begin({})
  pool.network.at('p').hidesPosition = true
  await wrote(pool, session)
  await pool.platform.advance(afterMs)
  return session
}

/** A session that has read from b, and nothing else. */
async function readFromB(pool: SimulatedPool): Promise<MutableSession> {
  const session = pool.router.sessions.begin({})
  pool.preferred = ['b', 'a']
  await pool.query('select 2', session)
  pool.preferred = ['a', 'b']
  return session
}

/** Makes a session. */
export type Entering = (pool: SimulatedPool) => MutableSession | Promise<MutableSession>

/** Makes sessions, by what they have done. */
export const sessions: Readonly<Record<string, Entering>> = {
  none: (pool) => pool.router.sessions.context.implicit,
  fresh: (pool) => pool.router.sessions.begin({}),
  'the pool wrote': (pool) => wrote(pool, pool.router.sessions.context.implicit),
  'has just written': (pool) => wrote(pool, pool.router.sessions.begin({})),
  'wrote a second ago': async (pool) => {
    const session = await wrote(pool, pool.router.sessions.begin({}))
    await pool.platform.advance(SOON_MS)
    return session
  },
  'wrote, and the primary tells no position yet': async (pool) => {
    const session = pool.router.sessions.begin({})
    await pool.query('select 3', pool.router.sessions.begin({ consistency: 'strong' }))
    pool.network.at('p').asked = 'is silent'
    return wrote(pool, session)
  },
  'wrote, and the primary hides its position': (pool) => wroteInTheDark(pool, 20),
  'wrote three seconds ago, and the primary hides its position': (pool) => wroteInTheDark(pool, 3_000),
  'has just read from b': readFromB,
  'read from b a second ago': async (pool) => {
    const session = await readFromB(pool)
    await pool.platform.advance(SOON_MS)
    return session
  },
  'has read from b, which is down': async (pool) => {
    const session = await readFromB(pool)
    await stopped('b')(pool)
    return session
  },
  'has read from b, and a does not replay': async (pool) => {
    const session = pool.router.sessions.begin({})
    pool.network.at('a').pauseReplay()
    pool.network.at('p').written()
    await pool.platform.advance(SOON_MS)
    pool.preferred = ['b', 'a']
    await pool.query('select 2', session)
    pool.preferred = ['a', 'b']
    await pool.platform.advance(SOON_MS)
    return session
  },
  'has the token of one that wrote': async (pool) => {
    const session = await wrote(pool, pool.router.sessions.begin({}))
    const token = await pool.resolved(pool.router.sessions.tokenOf(session))
    await pool.platform.advance(SOON_MS)
    return pool.router.sessions.begin({ token })
  },
  'has a token without a position': async (pool) => {
    const session = await wroteInTheDark(pool, 20)
    const token = await pool.resolved(pool.router.sessions.tokenOf(session))
    return pool.router.sessions.begin({ token })
  },
  'is within one that has just written': async (pool) => {
    const { context } = pool.router.sessions
    const around = await wrote(pool, pool.router.sessions.begin({}))
    return context.run(around, () => pool.router.sessions.begin({}))
  },
  strong: (pool) => pool.router.sessions.begin({ consistency: 'strong' }),
  'eventual, has just written': (pool) =>
    wrote(pool, pool.router.sessions.begin({ consistency: 'eventual' })),
  'bounded, has just written': (pool) => wrote(pool, pool.router.sessions.begin({ consistency: 'bounded' })),
  'by a window': (pool) => pool.router.sessions.begin({ consistency: 'window' }),
  'by a window, has just written': (pool) =>
    wrote(pool, pool.router.sessions.begin({ consistency: 'window' })),
  'by a window, wrote three seconds ago': async (pool) => {
    const session = await wrote(pool, pool.router.sessions.begin({ consistency: 'window' }))
    await pool.platform.advance(3_000)
    return session
  },
  'of the tier reports': (pool) => pool.router.sessions.begin({ tier: 'reports' }),
}

export type Asking = (
  pool: SimulatedPool,
  query: unknown,
  session: MutableSession,
  before: readonly string[],
) => Promise<Asked>

export interface Asked {
  readonly explained: Explanation
  readonly run: () => Promise<unknown>
  readonly leave?: () => void
}

/** Asks through a client of this kind, which runs other statements first. */
function byClient(kind: Parameters<SimulatedPool['connect']>[0] = {}): Asking {
  return async (pool, query, session, before) => {
    const inSession = <T>(fn: () => T): T => pool.router.sessions.context.run(session, fn)
    const client = await inSession(() => pool.connect(kind))
    for (const sql of before) await pool.resolved(inSession(() => client.query(sql)))
    const explained = await pool.resolved(inSession(() => client.explain(query)))
    const run = (): Promise<unknown> => pool.resolved(inSession(() => client.query(query as string)))
    return { explained, run, leave: () => client.release() }
  }
}

/** Asks by a cursor, which a pool runs through a client of its own until it is closed. */
const byCursor: Asking = async (pool, query, session) => {
  const run = (): Promise<unknown> => {
    const cursor = new Cursor(String(query))
    const ended = pool.query(cursor, session)
    cursor.read(1, () => void cursor.close())
    return ended
  }
  return { explained: await pool.explain(query, session), run }
}

/** Asks by a query object whose text nobody can see. */
const byObject: Asking = async (pool, query, session) => {
  let ended = (): void => {}
  const object = {
    submit: (connection: { query(sql: string): void }) => connection.query(String(query)),
    handleRowDescription: () => {},
    handleDataRow: () => {},
    handleCommandComplete: () => {},
    handleReadyForQuery: () => ended(),
  }
  const run = (): Promise<unknown> => {
    const over = new Promise<void>((resolve) => (ended = resolve))
    return Promise.all([pool.query(object, session), pool.resolved(over)])
  }
  return { explained: await pool.explain(object, session), run }
}

/** Ways to ask for a statement. */
export const callers: Readonly<Record<string, Asking>> = {
  pool: async (pool, query, session) => ({
    explained: await pool.explain(query, session),
    run: () => pool.query(query, session),
  }),
  client: byClient(),
  'a client with a connection from the start': byClient({ isEager: true }),
  'a client of the primary view': byClient({ primaryOnly: true }),
  'a client of the tier reports': byClient({ tier: 'reports' }),
  'a cursor': byCursor,
  'a query object without a text': byObject,
}

function nodeAt(pool: SimulatedPool, host: string): string {
  const node = pool.router.cluster.snapshot.nodes.find(({ id }) => hostOf(id) === host)
  if (node === undefined) throw new Error(`There is no node at ${host}`)
  return node.id
}
