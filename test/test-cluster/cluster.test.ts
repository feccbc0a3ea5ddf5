import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { haveEnded, processTree } from '../../src/test-cluster/embedded/processes.ts'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { startCluster } from '../../src/test-cluster/index.ts'
import { until } from '../../src/test-cluster/wait.ts'
import { applyDelay } from '../support/apply-delay.ts'
import { column, replicaAt } from './sql.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({
    database: 'shop "A"',
    settings: { application_name: "it's \\ quoted", log_checkpoints: false },
  })
  await column(cluster.primary.config, 'CREATE TABLE notes (id int)')
})

afterAll(() => cluster?.stop())

beforeEach(async () => {
  await Promise.all(cluster.nodes.map((node) => node.start()))
  await column(cluster.primary.config, 'TRUNCATE notes')
  await cluster.caughtUp()
})

const note = (id: number): Promise<unknown> =>
  column(cluster.primary.config, `INSERT INTO notes VALUES (${id})`)
const notesOn = (node: ClusterNode): Promise<readonly unknown[]> =>
  column(node.config, 'SELECT id FROM notes ORDER BY id')

test('a primary and two replicas run and know their roles', async () => {
  const standby = await Promise.all(
    cluster.nodes.map((node) => column(node.config, 'SELECT pg_is_in_recovery()')),
  )
  expect(standby).toEqual([[false], [true], [true]])
  expect(cluster.nodes.map((node) => node.name)).toEqual(['node1', 'node2', 'node3'])
  expect(cluster.nodes.every((node) => node.running && !node.frozen)).toBe(true)
  expect(await column(cluster.primary.config, 'SHOW server_version')).toEqual([expect.stringMatching(/^18/)])
})

test('standbys and statistics carry the names of the nodes', async () => {
  const sql = 'SELECT application_name FROM pg_stat_replication ORDER BY 1'
  expect(await column(cluster.primary.config, sql)).toEqual(['node2', 'node3'])
  expect(await column(replicaAt(cluster, 1).config, 'SHOW cluster_name')).toEqual(['node3'])
})

test('the database and the settings are those of the options, on every node', async () => {
  for (const node of cluster.nodes) {
    expect(await column(node.config, 'SELECT current_database()')).toEqual(['shop "A"'])
    expect(await column(node.config, 'SHOW application_name')).toEqual(["it's \\ quoted"])
  }
})

test('a replica was made from a backup, not from mere files', async () => {
  const label = await column(replicaAt(cluster, 0).config, `SELECT pg_read_file('backup_label.old')`)
  expect(label).toEqual([expect.stringContaining('LABEL: pg-switchyard')])
})

test('a wrong password is refused', async () => {
  const { config } = cluster.primary
  await expect(column({ ...config, password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  const replica = replicaAt(cluster, 0).config
  await expect(column({ ...replica, password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
})

test('after caughtUp every replica shows what was committed before', async () => {
  for (let id = 1; id <= 20; id += 1) {
    await note(id)
    await cluster.caughtUp()
    const seen = await Promise.all(cluster.replicas.map(notesOn))
    expect(seen.map((ids) => ids.length)).toEqual([id, id])
  }
})

test('caughtUp waits for a replica that is slow to replay', async () => {
  const slow = replicaAt(cluster, 1)
  await applyDelay(slow, 500)
  await note(1)
  await cluster.caughtUp()
  expect(await notesOn(slow)).toEqual([1])
  await applyDelay(slow, 0)
})

test('caughtUp covers commits that the primary has not flushed', async () => {
  for (let id = 1; id <= 5; id += 1) {
    await column(cluster.primary.config, `SET synchronous_commit = off; INSERT INTO notes VALUES (${id})`)
    await cluster.caughtUp()
    expect(await notesOn(replicaAt(cluster, 0))).toHaveLength(id)
  }
})

describe('pauseReplay', () => {
  test('freezes what a replica shows while it goes on receiving', async () => {
    const [paused, other] = [replicaAt(cluster, 0), replicaAt(cluster, 1)]
    await note(1)
    await cluster.caughtUp()
    await paused.pauseReplay()
    await note(2)
    const [floor] = await column(cluster.primary.config, 'SELECT pg_current_wal_flush_lsn()')
    await until('both replicas to receive', 15_000, async () => {
      const sql = `SELECT pg_last_wal_receive_lsn() >= '${String(floor)}'`
      const received = await Promise.all([column(paused.config, sql), column(other.config, sql)])
      return received.flat().every(Boolean) || undefined
    })
    await until('the other to replay', 15_000, async () => (await notesOn(other)).length === 2 || undefined)
    expect(await notesOn(paused)).toEqual([1])

    await expect(cluster.caughtUp()).rejects.toMatchObject({
      code: 'SWITCHYARD_TEST_CLUSTER',
      message: 'node2 cannot catch up: its replay is paused',
    })
    await paused.resumeReplay()
    await cluster.caughtUp()
    expect(await notesOn(paused)).toEqual([1, 2])
  })

  test('is refused by a primary', async () => {
    await expect(cluster.primary.pauseReplay()).rejects.toThrow('recovery is not in progress')
  })
})

describe('stop, kill and start', () => {
  test.each(['fast', 'immediate'] as const)('a replica returns after stop(%s)', async (mode) => {
    const node = replicaAt(cluster, 0)
    const { config, pid } = node
    await node.stop(mode)
    expect([node.running, node.pid]).toEqual([false, undefined])
    await expect(column(config, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await note(1)
    await cluster.caughtUp()
    await node.start()
    await cluster.caughtUp()
    expect(await notesOn(node)).toEqual([1])
    expect(node.config).toEqual(config)
    expect(node.pid).not.toBe(pid)
  })

  test.each(['fast', 'immediate'] as const)('the primary returns after stop(%s)', async (mode) => {
    await note(1)
    await cluster.primary.stop(mode)
    await cluster.primary.start()
    await note(2)
    await cluster.caughtUp()
    expect(await notesOn(replicaAt(cluster, 0))).toEqual([1, 2])
    const recovered = /not properly shut down/.test(await cluster.primary.log())
    expect(recovered).toBe(mode === 'immediate')
  })

  test.each([0, 1])('node %i returns after kill, which ends its children too', async (index) => {
    const node = cluster.nodes[index] as ClusterNode
    const processes = await processTree(node.pid as number)
    expect(processes.length).toBeGreaterThan(3)
    await node.kill()
    expect(node.running).toBe(false)
    expect(await haveEnded(processes)).toBe(true)
    await node.start()
    await note(1)
    await cluster.caughtUp()
    expect(await notesOn(node)).toEqual([1])
  })

  test('kill ends a process that is too busy to notice the death of its postmaster', async () => {
    const node = replicaAt(cluster, 0)
    const busy = column(node.config, 'SELECT count(*) FROM generate_series(1, 1e10)').catch(
      (error: unknown) => error,
    )
    const pid = await until('the query to run', 15_000, async () => {
      const sql = `SELECT pid FROM pg_stat_activity WHERE query LIKE '%1e10%' AND pid <> pg_backend_pid()`
      return (await column(node.config, sql))[0]
    })
    await node.kill()
    expect(await haveEnded([Number(pid)])).toBe(true)
    expect(await busy).toBeInstanceOf(Error)
  })

  test('a postmaster that somebody else kills is noticed', async () => {
    const node = replicaAt(cluster, 0)
    process.kill(node.pid as number, 'SIGKILL')
    await until('the node to be seen as down', 15_000, () => !node.running || undefined)
    await node.start()
    expect(node.running).toBe(true)
  })

  test('what runs is not started again and what does not run is not stopped again', async () => {
    const node = replicaAt(cluster, 0)
    const { pid } = node
    await Promise.all([node.start(), node.start()])
    expect(node.pid).toBe(pid)
    await node.stop()
    await node.stop()
    await node.kill()
    await Promise.all([node.start(), node.start()])
    expect(await column(node.config, 'SELECT 1')).toEqual([1])
  })
})

describe('freeze', () => {
  test('a frozen node takes connections and answers nothing until it is thawed', async () => {
    const node = replicaAt(cluster, 0)
    await node.freeze()
    expect([node.frozen, node.running]).toEqual([true, true])
    await expect(column(node.config, 'SELECT 1')).rejects.toThrow('timeout')
    await expect(cluster.caughtUp()).rejects.toThrow('node2 cannot follow: it is frozen')
    await node.thaw()
    expect(await column(node.config, 'SELECT 1')).toEqual([1])
    await cluster.caughtUp()
  })

  test('connections that are open already hang too', async () => {
    const node = replicaAt(cluster, 0)
    const client = new Client(node.config)
    await client.connect()
    await node.freeze()
    let answered = false
    const answer = client.query('SELECT 1').then(() => (answered = true))
    // The other node answers ten times meanwhile.
    for (let round = 0; round < 10; round += 1) await notesOn(replicaAt(cluster, 1))
    expect(answered).toBe(false)
    await node.thaw()
    expect(await answer).toBe(true)
    await client.end()
  })

  test.each(['stop', 'kill'] as const)('a frozen node can be ended with %s', async (how) => {
    const node = replicaAt(cluster, 0)
    await node.freeze()
    await node[how]()
    expect([node.frozen, node.running]).toEqual([false, false])
    await node.start()
    expect(await column(node.config, 'SELECT 1')).toEqual([1])
  })
})
