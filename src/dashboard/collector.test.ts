import { beforeEach, expect, it } from 'vitest'
import { FakePlatform } from '../../test/support/fake-platform.ts'
import { EventStream } from '../observability/event-stream.ts'
import type { QueryExecution } from '../observability/statement-events.ts'
import type { NodeStats, PoolStats } from '../observability/stats.ts'
import { Collector } from './collector.ts'
import { MOST_POINTS } from './node-history.ts'

const replica: NodeStats = {
  id: 'b:5432',
  role: 'replica',
  state: 'replica',
  lagBytes: 16,
  lagMs: 3,
  queries: 0,
  reads: 0,
  byRole: [],
  connections: { total: 5, idle: 2, waiting: 1 },
}
const traffic = {
  selects: 4,
  offload: 0.75,
  onPrimary: [],
  latencies: {},
  waits: {},
  retries: {},
  spills: {},
  repairs: {},
}

let platform: FakePlatform
let stream: EventStream
let pool: {
  readonly events: EventStream['events']
  options: { readonly max?: number; readonly host?: string; readonly port?: number }
  totalCount: number
  idleCount: number
  waitingCount: number
  ending: boolean
  queries: number
  nodes: readonly NodeStats[]
  stats(): PoolStats
}
let collector: Collector

beforeEach(() => {
  platform = new FakePlatform()
  stream = new EventStream('test')
  pool = {
    events: stream.events,
    options: { max: 20 },
    totalCount: 5,
    idleCount: 2,
    waitingCount: 1,
    ending: false,
    queries: 0,
    nodes: [replica],
    stats() {
      const nodes = this.nodes.map((node) => ({ ...node, queries: this.queries }))
      return { nodes, catalog: 'loaded', reads: 3, offload: 1, traffic }
    },
  }
  collector = new Collector(pool, platform, 'Shop', { isRouted: true, waiting: () => [] })
})

function execution(id: number, more: Partial<QueryExecution> = {}): QueryExecution {
  return {
    id,
    pool: 'test',
    database: undefined,
    sql: 'select ?',
    kind: 'read',
    reason: 'read',
    node: 'b:5432',
    role: 'replica',
    waits: [],
    retries: [],
    durationMs: 2,
    ...more,
  }
}

const listeners = (): number =>
  stream.events.eventNames().reduce((sum, name) => sum + stream.events.listenerCount(name), 0)

it('listens from the first look until a minute after the last one, and leaves nothing behind', async () => {
  const before = listeners()
  expect([stream.hearsStatements, platform.pendingTimers]).toEqual([false, 0])
  collector.look()
  expect([stream.hearsStatements, platform.pendingTimers]).toEqual([true, 1])
  await platform.advance(50_000)
  collector.look()
  await platform.advance(59_000)
  expect(collector.isOn).toBe(true)
  await platform.advance(2_000)
  expect([collector.isOn, stream.hearsStatements, platform.pendingTimers]).toEqual([false, false, 0])
  expect(listeners()).toBe(before)
  collector.look()
  expect(collector.isOn).toBe(true)
})

it('stops when the pool ends, and then does not start any more', async () => {
  collector.look()
  pool.ending = true
  await platform.advance(1_000)
  expect([collector.isOn, platform.pendingTimers]).toEqual([false, 0])
  expect(collector.look().hasEnded).toBe(true)
  expect([collector.isOn, platform.pendingTimers]).toEqual([false, 0])
})

it('samples load and lag of each node once a second, a bounded number of times', async () => {
  collector.look()
  for (let second = 0; second < MOST_POINTS + 20; second++) {
    pool.queries += second < 10 ? 1 : 30
    await platform.advance(1_000)
    collector.look()
  }
  const [node] = collector.look().nodes
  expect(node).toMatchObject({ id: 'b:5432', lagMs: 3, lagBytes: 16, perSecond: 30, share: 1 })
  expect(node?.connections).toEqual({ used: 3, idle: 2, max: 20, waiting: 1 })
  expect(node?.loads).toEqual(Array.from({ length: MOST_POINTS }, () => 30))
  expect(node?.lags).toHaveLength(MOST_POINTS)
})

it('forgets nodes that are gone', async () => {
  collector.look()
  await platform.advance(1_000)
  expect(collector.look().nodes[0]?.loads).toEqual([0])
  pool.nodes = []
  await platform.advance(1_000)
  expect(collector.look().nodes).toEqual([])
  pool.nodes = [replica]
  await platform.advance(1_000)
  expect(collector.look().nodes[0]?.loads).toEqual([])
})

it('keeps the latest statements, and separately those to which something happened', async () => {
  collector.look()
  stream.tell('execution', execution(1, { waits: [{ reason: 'catch-up', durationMs: 4.25 }] }))
  for (let id = 2; id < 100; id++) stream.tell('execution', execution(id))
  await platform.advance(1_000)
  const { latencies, latest, notable } = collector.look()
  expect(latest.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => 99 - index))
  expect(notable).toEqual([
    {
      id: 1,
      atMs: expect.any(Number) as number,
      sql: 'select ?',
      node: 'b:5432',
      role: 'replica',
      why: 'a proven read',
      durationMs: 2,
      notes: ['waited 4.3 ms: catch-up'],
    },
  ])
  expect(latencies).toEqual([
    { role: 'primary', count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 },
    { role: 'replica', count: 99, p50Ms: 2, p95Ms: 2, p99Ms: 2 },
  ])
})

it('keeps statements that failed, however many wait', async () => {
  collector.look()
  const waits = [{ reason: 'connection' as const, durationMs: 4 }]
  stream.tell('execution', execution(1, { retries: [{ node: 'c:5432', reason: 'node' }] }))
  await platform.advance(1_000)
  for (let id = 2; id < 100; id++) stream.tell('execution', execution(id, { waits }))
  await platform.advance(1_000)
  const { notable } = collector.look()
  expect([notable.length, notable.at(-1)?.id]).toEqual([11, 1])
})

it('shows of an error only its name and code', async () => {
  collector.look()
  const error = Object.assign(new Error('duplicate key (mail)=(needle@example.com)'), { code: '23505' })
  stream.tell(
    'execution',
    execution(1, { error, kind: 'write', reason: 'not-a-read', statement: 'data-modifying' }),
  )
  await platform.advance(1_000)
  const [row] = collector.look().latest
  expect(row?.notes).toEqual(['failed: Error, 23505'])
  expect(row?.why).toBe('not a proven read: data-modifying')
  expect(JSON.stringify(collector.look())).not.toContain('needle')
})

it('cuts long texts', async () => {
  collector.look()
  stream.tell('execution', execution(1, { sql: 'x'.repeat(2_000) }))
  await platform.advance(1_000)
  expect(collector.look().latest[0]?.sql).toBe(`${'x'.repeat(300)}…`)
})

it('says in words what happens to the cluster', async () => {
  collector.look()
  stream.tell('nodeChanged', { node: 'b:5432', from: 'replica', to: 'down', cause: new Error('needle') })
  stream.tell('spillRefused', { count: 1 })
  await platform.advance(1_000)
  const { changes } = collector.look()
  expect(changes.map(({ id, what }) => [id, what])).toEqual([
    [2, '1 read failed because of "primarySpill"'],
    [1, 'b:5432 changed from replica to down'],
  ])
})

it('has one row for a pool that does not route, with its statements', async () => {
  const id = 'db.example:5433'
  pool.options = { max: 20, host: 'db.example', port: 5433 }
  let count = 0
  pool.stats = () => {
    const latencies = { [id]: { count, sumMs: 0, p50Ms: 2, p95Ms: 3, p99Ms: 4, buckets: [] } }
    return { nodes: [], catalog: 'builtin', reads: 0, offload: 0, traffic: { ...traffic, latencies } }
  }
  const single = new Collector(pool, platform, 'Shop', { isRouted: false, waiting: () => [] })
  single.look()
  stream.tell('execution', execution(1, { node: id, role: 'unknown' }))
  count = 7
  await platform.advance(1_000)
  const { isRouted, latencies, nodes } = single.look()
  expect(isRouted).toBe(false)
  expect(nodes).toMatchObject([
    {
      id,
      perSecond: 7,
      share: 1,
      connections: { used: 3, idle: 2, max: 20, waiting: 1 },
      latency: { p50Ms: 2 },
      loads: [7],
    },
  ])
  expect(latencies).toMatchObject([{ role: 'unknown', count: 1 }])
})
