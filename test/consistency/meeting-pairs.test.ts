import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { footprintSchema } from '../catalog/footprint-schema.ts'
import { meetings, type Meeting } from '../catalog/meeting-pairs.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

const options = '-c search_path=app'
/** None of the writes changes what these show. */
const neverMet = ['SELECT * FROM moods', 'SELECT * FROM tenant_b.others', 'SELECT * FROM by_function']

// A text of several statements counts as one that may have changed everything.
const tried = meetings.filter(([write]) => !write.includes(';'))

let cluster: Cluster
let primary: Client
let replica: Client
let pool: Pool

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
  primary = new Client({ ...cluster.primary.config, options })
  replica = new Client({ ...cluster.replicas[0]?.config, options })
  await primary.connect()
  await primary.query(footprintSchema)
  await cluster.caughtUp()
  await replica.connect()
  pool = poolOver(cluster, { options })
  await replicasReady(pool)
  // From here on the replica is known to have the schema that footprints rely on.
  await pool.query("INSERT INTO lonely VALUES (77, 'z')")
  await until('the replica is known to show a write', async () => {
    const { plan } = await pool.explain('SELECT * FROM lonely')
    return plan.candidates[0]?.role === 'replica'
  })
  await cluster.replicas[0]?.pauseReplay()
})

afterAll(async () => {
  await pool?.end()
  await cluster?.replicas[0]?.resumeReplay()
  await Promise.all([primary?.end(), replica?.end()])
  await cluster?.stop()
})

/** Rows, or the error. Of several statements, the rows of all. */
async function answer(on: { query(sql: string): Promise<unknown> }, sql: string): Promise<string> {
  try {
    const results = [await on.query(sql)].flat() as readonly { readonly rows: unknown }[]
    return JSON.stringify(results.map(({ rows }) => rows))
  } catch (error) {
    return String(error)
  }
}

const readsOfReplica = (): number =>
  pool.stats().nodes.reduce((sum, { queries, role }) => sum + (role === 'replica' ? queries : 0), 0)

test('with replay paused, reads show the writes that they meet, and others stay on the replica', async ({
  annotate,
}) => {
  const stale: string[] = []
  let [done, differing] = [0, 0]
  const [plain, opaque]: [Meeting[], Meeting[]] = [[], []]
  for (const meeting of tried) {
    const { statement } = await pool.explain(meeting[0])
    ;(statement.leavesSessionState ? opaque : plain).push(meeting)
  }
  for (const [index, [write, shownBy]] of [...plain, ...opaque].entries()) {
    if (!(await answer(pool, write)).startsWith('error')) done += 1
    for (const read of shownBy) {
      const [shown, expected, before] = [
        await answer(pool, read),
        await answer(primary, read),
        await answer(replica, read),
      ]
      if (before !== expected) differing += 1
      if (shown !== expected) stale.push(`${write} → ${read}: ${shown} instead of ${expected}`)
    }
    // A function may leave temporary objects, so its write counts for every read, and those behind it on its connection do.
    if (index >= plain.length) continue
    const apart = neverMet[index % neverMet.length] ?? ''
    const counted = readsOfReplica()
    await pool.query(apart)
    expect(`${write} → ${apart} ${readsOfReplica() - counted}`).toBe(`${write} → ${apart} 1`)
  }
  await annotate(`${done} writes, ${differing} reads whose answer the replica did not have yet`)
  expect(stale).toEqual([])
  expect(done).toBeGreaterThan(tried.length / 2)
  expect(differing).toBeGreaterThan(100)
}, 60_000)
