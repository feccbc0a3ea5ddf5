import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { getHeapSnapshot } from 'node:v8'
import { functionDiscovery, Pool } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { replicasReady } from '../../support/routed-pool.ts'
import { pause } from '../timings.ts'
import { brokenOf, limitedOptions, watchConnections, type Limit } from './limit.ts'
import { memoryInUse } from './memory.ts'

export interface ChangesOptions {
  /** Number of lists, each with new addresses of both replicas. */
  readonly changes: number
  /** Time between two lists, in milliseconds. Absent: a discovery gives them, with the shortest interval. */
  readonly everyMs?: number | undefined
}

const CALLERS = 8
const CONNECTIONS = 4
/** Connections of nodes that are being removed count, too. */
const MOST_CONNECTIONS = 60
/** Former addresses of which something is left: the balancer keeps what it learned of the last 256 nodes. */
const MOST_LEFT = 320
const MOST_GROWTH_MIB = 2
const WARM_UP = 0.3
/** Time for what is in progress to end, in milliseconds. */
const SETTLE_MS = 1_500

/** A pool whose replicas move to new addresses all the time, while callers read and write. */
export async function manyChanges(cluster: Cluster, { changes, everyMs }: ChangesOptions): Promise<Limit> {
  const relays = await Promise.all(cluster.replicas.map(({ config }) => relay(config.port)))
  let generation = 0
  const hosts = (): { host: string; port: number }[] =>
    relays.map((server, index) => ({
      host: `127.${10 + index}.${generation >> 8}.${generation & 255}`,
      port: (server.address() as AddressInfo).port,
    }))
  const { host = 'localhost', port = 5432, replicas: _replicas, ...login } = limitedOptions(cluster)
  const primary = { host, port }
  const discovery = functionDiscovery(
    () => {
      if (everyMs === undefined) generation += 1
      return [primary, ...hosts()]
    },
    { intervalMs: 100 },
  )
  const pool = new Pool({
    ...login,
    max: CONNECTIONS,
    tiers: { batch: { share: 0.5 } },
    ...(everyMs === undefined ? { discovery } : { ...primary, replicas: hosts() }),
  })
  pool.on('error', () => {})
  let isOver = false
  const failures: string[] = []
  const [counts, watch] = [{ calls: 0 }, await watchConnections(cluster)]
  const call = async (): Promise<void> => {
    while (!isOver) {
      const tier = counts.calls % 5 === 0 ? pool.tier('batch') : pool
      const sql =
        counts.calls % 20 === 0
          ? 'update points set n = n + 1 where id = 1'
          : 'select n from points where id = 2'
      await tier.query(sql).catch((error: unknown) => failures.push(String(error)))
      counts.calls += 1
      await pause(1)
    }
  }
  try {
    await replicasReady(pool, 2).catch(() => {})
    const calling = Promise.all(Array.from({ length: CALLERS }, call))
    const reach = async (many: number): Promise<void> => {
      const from = generation
      while (generation - from < many) {
        await pause(everyMs ?? 20)
        if (everyMs === undefined) continue
        generation += 1
        pool.setNodes([primary, ...hosts()])
      }
    }
    const startedAtMs = performance.now()
    await reach(changes * WARM_UP)
    const before = await memoryInUse()
    await reach(changes * (1 - WARM_UP))
    const seconds = (performance.now() - startedAtMs) / 1000
    isOver = true
    await calling
    const most = await watch.stop()
    // One more list, behind which nothing of the former ones is in progress.
    await pause(SETTLE_MS)
    await reach(1)
    await pause(SETTLE_MS)
    const after = await memoryInUse()
    const left = await addressesLeft()
    const { nodes, offload, traffic } = pool.stats()
    const growth = after.heapMiB - before.heapMiB
    return {
      figures: {
        changes: `${generation} in ${seconds.toFixed(1)} s, with ${counts.calls} calls; share off the primary ${offload.toFixed(2)}`,
        'heap before, after': `${before.heapMiB.toFixed(2)}, ${after.heapMiB.toFixed(2)} MiB`,
        'former addresses of which anything is left': left,
        'most connections to a server': most.join(', '),
      },
      broken: brokenOf([
        ['calls that failed', failures.length, 0],
        ['connections to a server', Math.max(...most), MOST_CONNECTIONS],
        ['growth of the heap in MiB', growth, MOST_GROWTH_MIB],
        ['former addresses that are left', left, MOST_LEFT],
        ['nodes in the statistics', nodes.length, 3],
        ['nodes with latencies', Object.keys(traffic?.latencies ?? {}).length, 3],
      ]).concat(failures.slice(0, 3)),
    }
  } finally {
    isOver = true
    await pool.end()
    await Promise.all(relays.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

/** A server on all addresses of this machine that leads to a port. */
async function relay(port: number): Promise<Server> {
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.pipe(onward).pipe(socket)
    const end = (): void => {
      socket.destroy()
      onward.destroy()
    }
    for (const each of [socket, onward]) each.on('error', end).on('close', end)
  })
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  return server
}

/** Number of addresses of replicas that any string of the heap names. */
async function addressesLeft(): Promise<number> {
  const snapshot = await text(getHeapSnapshot())
  return new Set(snapshot.match(/\b127\.1[01]\.\d+\.\d+\b/g)).size
}
