import type { ClientConfig } from 'pg'
import { ask } from '../../support/servers.ts'
import { memoryInUse, type Memory } from '../limits/memory.ts'
import { pause } from '../timings.ts'
import { APP, patiently, type SoakGround } from './ground.ts'

/** State of the process and of the servers while no call is in progress. */
export interface Sample extends Memory {
  readonly atHours: number
  /** Connections of the pools to each server. */
  readonly connections: readonly number[]
  /** Connections in a transaction, and locks, on all servers. */
  readonly inTransaction: number
  readonly locks: number
  /** Callers that still wait. */
  readonly waiting: number
  readonly timers: number
  readonly sockets: number
  /** Listeners of the pool, its events, and the process. */
  readonly listeners: number
}

/** Takes a sample. Servers learn of closed connections a moment later, so it looks for a while. */
export async function takeSample({ cluster, pool }: SoakGround): Promise<Sample> {
  const memory = await memoryInUse()
  const resources = process.getActiveResourcesInfo()
  const countOf = (name: string): number => resources.filter((each) => each === name).length
  const servers = await Promise.all(cluster.nodes.map(({ config }) => serverWork(config)))
  const sum = (of: keyof ServerWork): number => servers.reduce((total, server) => total + server[of], 0)
  return {
    atHours: performance.now() / 3_600_000,
    ...memory,
    connections: servers.map(({ connections }) => connections),
    inTransaction: sum('inTransaction'),
    locks: sum('locks'),
    waiting: pool.waitingCount,
    timers: countOf('Timeout'),
    sockets: countOf('TCPSocketWrap'),
    listeners: [pool, pool.events, process].reduce(
      (total, emitter) =>
        total + emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name as never), 0),
      0,
    ),
  }
}

/** Connections of the pools to each server. */
export async function connectionsOf({ cluster }: SoakGround): Promise<readonly number[]> {
  const servers = await Promise.all(cluster.nodes.map(({ config }) => serverWork(config)))
  return servers.map(({ connections }) => connections)
}

interface ServerWork {
  readonly connections: number
  readonly inTransaction: number
  readonly locks: number
}

const WORK = `select count(*)::int as connections,
    count(*) filter (where state like 'idle in transaction%')::int as "inTransaction",
    (select count(*)::int from pg_locks l join pg_stat_activity b using (pid)
      where b.usename = $1 and b.state <> 'active' and l.locktype <> 'virtualxid') as locks
  from pg_stat_activity where usename = $1`

/** Connections, locks and transactions of the pools that a server still has: the least of them during a second. */
async function serverWork(config: ClientConfig): Promise<ServerWork> {
  let least: ServerWork | undefined
  for (let look = 0; look < 5; look += 1) {
    const [row] = await patiently(() => ask(config, WORK, [APP.user]))
    const { connections, inTransaction, locks } = row as unknown as ServerWork
    least = {
      connections: Math.min(connections, least?.connections ?? Infinity),
      inTransaction: Math.min(inTransaction, least?.inTransaction ?? Infinity),
      locks: Math.min(locks, least?.locks ?? Infinity),
    }
    if (least.inTransaction + least.locks === 0) break
    await pause(200)
  }
  if (least === undefined) throw new Error('No look')
  return least
}
