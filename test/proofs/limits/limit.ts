import type { PoolOptions } from '../../../src/index.ts'
import type { Cluster } from '../../../src/test-cluster/index.ts'
import { Client } from 'pg'
import { ask } from '../../support/servers.ts'
import { pause } from '../timings.ts'

/** Figures of a limit, and the bounds that were broken. */
export interface Limit {
  readonly figures: Readonly<Record<string, number | string>>
  readonly broken: readonly string[]
}

/** Login of the pools, by which the servers count what is theirs. */
export const LIMITED = { user: 'limited', password: 'secret' } as const

const SCHEMA = `
  create role ${LIMITED.user} superuser login password '${LIMITED.password}';
  create table points (id int primary key, n int not null default 0);
  insert into points select g from generate_series(1, 1000) g`

/** Tables for all limits. */
export async function limitGround(cluster: Cluster): Promise<void> {
  await ask(cluster.primary.config, SCHEMA)
  await cluster.caughtUp()
}

/** Options of a pool over the whole cluster. */
export function limitedOptions({ primary, replicas }: Cluster): PoolOptions {
  return {
    ...primary.config,
    ...LIMITED,
    logger: false,
    replicas: replicas.map(({ config: { host, port } }) => ({ host, port })),
  }
}

/** Tells which bounds are broken: each has its name, what was measured, and the most that it may be. */
export function brokenOf(
  bounds: readonly (readonly [name: string, measured: number, most: number])[],
): readonly string[] {
  return bounds.flatMap(([name, measured, most]) =>
    measured <= most ? [] : [`${name}: ${measured.toFixed(2)}, at most ${most}`],
  )
}

/** Runs a function for each number below `count`, as many at a time as there are callers. */
export async function each(
  count: number,
  callers: number,
  run: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const call = async (): Promise<void> => {
    while (next < count) await run((next += 1) - 1)
  }
  await Promise.all(Array.from({ length: callers }, call))
}

/** Those that watch a server are not the pool's. */
const CONNECTIONS = `select count(*)::int as n from pg_stat_activity
  where usename = $1 and application_name <> 'pg-switchyard monitor'`

/** Counts the connections of the pools on each server, again and again, until `stop()` returns the most of each. */
export async function watchConnections(cluster: Cluster): Promise<{ stop(): Promise<readonly number[]> }> {
  let isOver = false
  const watched = cluster.nodes.map(async ({ config }) => {
    const client = new Client(config)
    await client.connect()
    let most = 0
    while (!isOver) {
      const { rows } = await client.query<{ n: number }>(CONNECTIONS, [LIMITED.user])
      most = Math.max(most, rows[0]?.n ?? 0)
      await pause(20)
    }
    await client.end()
    return most
  })
  return {
    stop: async () => {
      isOver = true
      return Promise.all(watched)
    },
  }
}
