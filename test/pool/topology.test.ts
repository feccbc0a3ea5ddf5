import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { functionDiscovery, outcomeOf, type DiscoveredNode, type Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask, serversThatRan, until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 2 })
  await ask(cluster.primary.config, 'create table items (id int primary key)')
  await cluster.caughtUp()
})

afterEach(async () => {
  await pool.end()
})

afterAll(async () => {
  await cluster.stop()
})

const idOf = ({ port }: { port?: number | undefined }): string => `127.0.0.1:${port}`
let marks = 0

/** The servers that ran these reads, by the servers' own word. */
async function serversOf(reads: number): Promise<readonly string[]> {
  marks += 1
  const marker = `topology ${marks};`
  await Promise.all(Array.from({ length: reads }, () => pool.query(`select 1 from items /* ${marker} */`)))
  return serversThatRan(cluster, marker)
}

const ids = (): (string | undefined)[] => pool.stats().nodes.map(({ id }) => id)
const known = (): readonly { host: string; port: number | undefined }[] =>
  [cluster.primary, ...cluster.replicas].map(({ config }) => ({ host: '127.0.0.1', port: config.port }))

describe('setNodes', () => {
  it('takes a node out, which finishes what it has, and in again', async () => {
    pool = poolOver(cluster)
    await replicasReady(pool)
    const [primary, first, second] = known()
    const changes: object[] = []
    pool.events.on('nodesChanged', (change) => changes.push(change))
    const underWay = Array.from({ length: 40 }, () => pool.query('select pg_sleep(0.2)'))
    const clients = Array.from({ length: 30 }, () => pool.query('select pg_sleep(0.3) from items'))
    await until('both work', () =>
      pool.stats().nodes.every(({ role, queries }) => role === 'primary' || queries > 5),
    )
    pool.setNodes([primary, second].map((node) => ({ ...node, weight: 1 })))
    expect(changes).toEqual([{ added: [], removed: [idOf(first ?? {})] }])
    expect(ids()).toEqual([primary, second].map((node) => idOf(node ?? {})))
    await Promise.all([...underWay, ...clients])
    await replicasReady(pool)
    expect(await serversOf(20)).toEqual(['node3'])

    pool.setNodes([primary, first, second].map((node) => ({ ...node })))
    await replicasReady(pool)
    expect(await serversOf(20)).toEqual(['node2', 'node3'])
  })

  it('changes weights: with 0 a replica is watched and gets nothing', async () => {
    pool = poolOver(cluster)
    await replicasReady(pool)
    const [primary, first, second] = known()
    pool.setNodes([{ ...primary }, { ...first, weight: 0 }, { ...second, weight: 2 }])
    expect(await serversOf(20)).toEqual(['node3'])
    const { plan } = await pool.explain('select 1')
    expect(plan.rejected).toEqual([{ node: idOf(first ?? {}), reason: 'drained' }])
    expect(pool.stats().nodes[1]).toMatchObject({ state: 'replica', lagMs: 0 })
  })

  it.each<[string, unknown, string, RegExp]>([
    ['no list', 'db1', 'SWITCHYARD_INVALID_OPTION', /"nodes" must be an array/],
    ['an empty list', [], 'SWITCHYARD_INVALID_OPTION', /at least one node; received an empty array/],
    ['a node that is nowhere', [{ weight: 1 }], 'SWITCHYARD_INVALID_OPTION', /nodes\[0\]/],
    ['a mistyped option', [{ hots: 'a' }], 'SWITCHYARD_UNKNOWN_OPTION', /Did you mean "host"/],
  ])('refuses %s, and keeps what it has', (_name, nodes, code, message) => {
    pool = poolOver(cluster)
    const before = ids()
    expect(() => pool.setNodes(nodes as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
    expect(ids()).toEqual(before)
  })

  it('is refused where the pool does what pg.Pool does', () => {
    pool = poolOver(cluster, { replicas: [] })
    expect(() => pool.setNodes(known())).toThrow(expect.objectContaining({ code: 'SWITCHYARD_SINGLE_NODE' }))
  })
})

describe('discovery', () => {
  it('names the nodes, and names them again; an empty or failed answer changes nothing', async () => {
    let answer: readonly DiscoveredNode[] | Error = known().map((node) => ({ ...node }))
    const discovery = functionDiscovery(
      () => {
        if (answer instanceof Error) throw answer
        return answer
      },
      { intervalMs: 100 },
    )
    pool = poolOver(cluster, { replicas: [], discovery })
    const failures: string[] = []
    pool.events.on('discoveryFailed', ({ reason }) => failures.push(reason))
    await replicasReady(pool, 2)
    expect(await serversOf(20)).toEqual(['node2', 'node3'])

    answer = []
    await until('the empty answer was met', () => failures.includes('empty'))
    answer = new Error('nobody knows')
    await until('the failure was met', () => failures.includes('failed'))
    expect(ids()).toHaveLength(3)
    answer = known().slice(0, 2)
    await until('the list is taken over', () => ids().length === 2)
    await replicasReady(pool, 1)
    expect(await serversOf(10)).toEqual(['node2'])
  })
})

describe('an old primary that lives on', () => {
  it('is never written to again, also over connections that are in use', async () => {
    pool = poolOver(cluster, { probeIntervalMs: 50 })
    await replicasReady(pool)
    const changes: object[] = []
    pool.events.on('primaryChanged', (change) => changes.push(change))
    const [free, busy] = [await pool.connect(), await pool.connect()]
    await free.query('insert into items values (1)')
    await busy.query('begin')
    await busy.query('insert into items values (2)')
    await cluster.caughtUp()
    const old = cluster.primary.config
    await cluster.promote(0, { oldPrimary: 'keep' })
    await until('it is fenced', () => pool.stats().nodes.some(({ state }) => state === 'old-timeline'))

    await free.query('insert into items values (3)')
    const fenced: unknown = await busy.query('insert into items values (4)').catch((error: unknown) => error)
    expect(fenced).toMatchObject({ code: 'SWITCHYARD_FENCED' })
    expect(outcomeOf(fenced)).toBe('rolled-back')
    await expect(busy.query('commit')).rejects.toMatchObject({ code: 'SWITCHYARD_FENCED' })
    free.release()
    busy.release()
    await pool.query('insert into items values (5)')

    expect(await ask(old, 'select id from items order by id')).toEqual([{ id: 1 }])
    const now = await ask(cluster.primary.config, 'select id from items order by id')
    expect(now).toEqual([{ id: 1 }, { id: 3 }, { id: 5 }])
    expect(changes).toEqual([{ from: idOf(old), to: idOf(cluster.primary.config) }])
  })
})
