import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { expectOwnWrites, expectPromises, offloads, offloadsNow, openPool } from '../support/poor-promises.ts'
import {
  refuse,
  REFUSABLE,
  startPoorCluster,
  tellNoStatus,
  tellStatus,
  type RefusedFunction,
} from '../support/poor-servers.ts'
import { ask, until } from '../support/servers.ts'
import { Watch } from './watch.ts'

const ALL_WAL: readonly RefusedFunction[] = REFUSABLE.filter((name) => name.includes('_wal'))

/** Replicas are late by so much, which the status that they give does not tell. */
const LATE_MS = 1000

let cluster: Cluster
let pool: Pool | undefined

beforeAll(async () => {
  cluster = await startPoorCluster()
})

afterAll(() => cluster?.stop())

afterEach(async () => {
  await pool?.end()
  pool = undefined
})

it.each(REFUSABLE)('a cluster that refuses %s has its roles', async (name) => {
  await refuse(cluster, [name])
  await using watch = new Watch(cluster.nodes, { user: 'app', password: 'secret' })
  await watch.monitor.settled()
  await watch.monitor.refresh()
  expect(watch.shown).toBe('primary replica replica')
  if (offloads([name], false)) await watch.until('the lag is known', () => watch.lagMs('node2') !== undefined)
  else expect(watch.lagMs('node2')).toBeUndefined()
})

it.each<[name: string, refused: readonly RefusedFunction[], hasStatus: boolean]>([
  ['only what was received', ['pg_last_wal_receive_lsn', 'pg_stat_get_wal_receiver'], false],
  ['all of the WAL', ALL_WAL, false],
  ['all of the WAL, and gives a status', ALL_WAL, true],
  ['everything', REFUSABLE, false],
])('keeps its promises over a cluster that refuses %s', async (_name, refused, hasStatus) => {
  await refuse(cluster, refused)
  if (hasStatus) await tellStatus(cluster)
  pool = openPool(cluster)
  await expectPromises(pool, offloads(refused, hasStatus))
  await tellNoStatus(cluster)
})

describe('replicas that state their lag', () => {
  beforeAll(async () => {
    await refuse(cluster, ALL_WAL)
    await tellStatus(cluster)
  })

  afterAll(() => tellNoStatus(cluster))

  it('show what was written although the status is late', async () => {
    for (const replica of cluster.replicas) await applyDelay(replica, LATE_MS)
    try {
      pool = openPool(cluster)
      const known = pool
      await known.ready()
      await until('replicas serve', () => offloadsNow(known))
      await known.withSession(() => expectOwnWrites(known))
      await expectOwnWrites(known)
      const [row] = await ask(cluster.primary.config, 'select n from items where id = 1')
      // Until a replica serves again, and then.
      await until('replicas serve again', async () => {
        expect((await known.query('select n from items where id = 1')).rows).toEqual([row])
        return offloadsNow(known)
      })
      expect((await known.query('select n from items where id = 1')).rows).toEqual([row])
    } finally {
      for (const replica of cluster.replicas) await applyDelay(replica, 0)
    }
  })

  it('get no reads beyond maxLag', async () => {
    await tellStatus(cluster, { lagMs: 20_000 })
    pool = openPool(cluster)
    await pool.ready()
    expect(pool.stats().nodes.map(({ lagMs }) => lagMs)).toEqual([undefined, 20_000, 20_000])
    expect(await offloadsNow(pool)).toBe(false)
  })
})
