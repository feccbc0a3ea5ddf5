import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { until } from '../../src/test-cluster/wait.ts'
import { column, replicaAt } from './sql.ts'
import { alterSystem } from '../support/settings.ts'

let cluster: Cluster
let usable = false

// Every test begins with a primary and two replicas that follow it, whoever they are.
beforeEach(async () => {
  if (!usable) cluster = await startCluster({ replicas: 2 })
  usable = true
  await column(
    cluster.primary.config,
    'DROP TABLE IF EXISTS notes, big; CREATE TABLE notes (id int); INSERT INTO notes VALUES (1)',
  )
  // What no replica has is gone with a primary that is killed.
  await cluster.caughtUp()
})

afterEach(async () => {
  await cluster.primary.start()
  await Promise.all(cluster.replicas.map((node) => node.start()))
  // One that was kept is a primary for ever.
  usable = (await Promise.all(cluster.replicas.map(isStandby))).every((is) => is === true)
  if (!usable) await cluster.stop()
})
afterAll(() => cluster?.stop())

const note = (id: number): Promise<unknown> =>
  column(cluster.primary.config, `INSERT INTO notes VALUES (${id})`)
const notesOn = (node: ClusterNode): Promise<readonly unknown[]> =>
  column(node.config, 'SELECT id FROM notes ORDER BY id')
const isStandby = async (node: ClusterNode): Promise<unknown> =>
  (await column(node.config, 'SELECT pg_is_in_recovery()'))[0]

test('a replica becomes the primary, the others and the old primary follow it, again and again', async () => {
  const ports = cluster.nodes.map((node) => node.config.port)
  const [first, next] = [cluster.primary, replicaAt(cluster, 1)]
  await cluster.promote(1)
  expect(cluster.primary).toBe(next)
  expect(cluster.replicas).toEqual(cluster.nodes.filter((node) => node !== next))
  await note(2)
  await cluster.caughtUp()
  for (const node of cluster.nodes) expect(await notesOn(node)).toEqual([1, 2])
  expect(await Promise.all(cluster.replicas.map(isStandby))).toEqual([true, true])

  await cluster.promote(first)
  expect(cluster.primary).toBe(first)
  await note(3)
  await cluster.caughtUp()
  for (const node of cluster.nodes) expect(await notesOn(node)).toEqual([1, 2, 3])
  expect(cluster.nodes.map((node) => node.config.port)).toEqual(ports)
})

test('under load no write that was confirmed is lost', async () => {
  const confirmed: number[] = []
  const old = cluster.primary.config
  const writing = (async () => {
    for (let id = 2; ; id += 1) {
      await column(old, `INSERT INTO notes VALUES (${id})`)
      confirmed.push(id)
    }
  })().catch((error: unknown) => error)
  await until('some writes', 15_000, () => confirmed.length > 20 || undefined)
  await cluster.promote(0)
  // Either the connection was cut or the address now belongs to a follower.
  expect(await writing).toBeInstanceOf(Error)
  await cluster.caughtUp()
  for (const node of cluster.nodes) expect(await notesOn(node)).toEqual(expect.arrayContaining(confirmed))
})

test('a replica that has not received everything gets it before it is promoted', async () => {
  const [old, next] = [cluster.primary, replicaAt(cluster, 0)]
  const [receiver] = await column(next.config, 'SELECT pid FROM pg_stat_wal_receiver')
  process.kill(Number(receiver), 'SIGSTOP')
  // More than the buffers between two servers take.
  await column(
    old.config,
    `CREATE TABLE big AS SELECT repeat(md5(i::text), 30) AS t FROM generate_series(1, 40000) AS i;
     INSERT INTO notes VALUES (2)`,
  )
  const promoting = cluster.promote(0)
  await until('the old primary to be on its way out', 15_000, async () => {
    return column(old.config, 'SELECT 1').then(
      () => undefined,
      () => true,
    )
  })
  process.kill(Number(receiver), 'SIGCONT')
  await promoting
  expect(await notesOn(cluster.primary)).toEqual([1, 2])
})

test('a dead primary stays dead until it is started, then it follows', async () => {
  const [old, next] = [cluster.primary, replicaAt(cluster, 0)]
  await old.kill()
  await cluster.promote(0)
  expect(cluster.primary).toBe(next)
  expect(old.running).toBe(false)
  await note(2)
  await cluster.caughtUp()
  await old.start()
  expect(await isStandby(old)).toBe(true)
  await cluster.caughtUp()
  expect(await notesOn(old)).toEqual([1, 2])
})

test('a frozen primary is killed before its successor takes over', async () => {
  const old = cluster.primary
  await old.freeze()
  await cluster.promote(0)
  expect([old.frozen, await isStandby(old)]).toEqual([false, true])
})

test('with oldPrimary stop it is down, with keep it goes on writing', async () => {
  const [first, second, third] = [cluster.primary, replicaAt(cluster, 0), replicaAt(cluster, 1)]
  await cluster.promote(second, { oldPrimary: 'stop' })
  expect(first.running).toBe(false)
  await cluster.promote(third, { oldPrimary: 'keep' })
  expect([second.running, await isStandby(second), await isStandby(cluster.primary)]).toEqual([
    true,
    false,
    false,
  ])
  await column(second.config, 'INSERT INTO notes VALUES (666)')
  await note(2)
  await cluster.caughtUp()
  expect(await notesOn(second)).toEqual([1, 666])
  await first.start()
  await cluster.caughtUp()
  expect(await notesOn(first)).toEqual([1, 2])
})

test('a follower that received more than the promoted replica is copied anew', async () => {
  const [behind, ahead] = [replicaAt(cluster, 0), replicaAt(cluster, 1)]
  await cluster.caughtUp()
  // Without a conninfo it receives nothing more.
  await alterSystem(behind.config, { primary_conninfo: '' })
  await until('the receiver to end', 15_000, async () => {
    return (await column(behind.config, 'SELECT 1 FROM pg_stat_wal_receiver')).length === 0 || undefined
  })
  await note(2)
  await until('the other to have it', 15_000, async () => (await notesOn(ahead)).length === 2 || undefined)
  await cluster.primary.kill()
  await cluster.promote(behind)
  await note(3)
  await cluster.caughtUp()
  expect(await notesOn(ahead)).toEqual([1, 3])
})

test('a follower whose replay is paused follows once it is resumed', async () => {
  const paused = replicaAt(cluster, 1)
  await paused.pauseReplay()
  await cluster.promote(0)
  await note(2)
  await paused.resumeReplay()
  await cluster.caughtUp()
  expect(await notesOn(paused)).toEqual([1, 2])
})

test('a replica that was down meanwhile is copied anew when it is started', async () => {
  const away = replicaAt(cluster, 1)
  await away.stop()
  await cluster.promote(0)
  await note(2)
  await away.start()
  await cluster.caughtUp()
  expect(await notesOn(away)).toEqual([1, 2])
  await away.stop()
  await cluster.promote(cluster.replicas.find((node) => node !== away) ?? away)
  await cluster.primary.stop()
  await expect(away.start()).rejects.toMatchObject({
    code: 'SWITCHYARD_TEST_CLUSTER',
    message: `${away.name} must be copied from ${cluster.primary.name}, which does not run`,
  })
})

test('only a running replica can be promoted', async () => {
  const code = 'SWITCHYARD_INVALID_OPTION'
  const legal = 'replica must be a replica of this cluster or an index from 0 to 1'
  await expect(cluster.promote(2)).rejects.toMatchObject({ code, message: `${legal}; received 2` })
  await expect(cluster.promote(cluster.primary)).rejects.toMatchObject({
    code,
    message: `${legal}; received ${cluster.primary.name}`,
  })
  const stopped = replicaAt(cluster, 0)
  await stopped.stop()
  await expect(cluster.promote(0)).rejects.toThrow(`${stopped.name} cannot be promoted: it does not run`)
})
