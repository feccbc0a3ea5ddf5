import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { CausalBench } from '../support/causal-bench.ts'
import { until } from '../support/servers.ts'
import { startBalancer, type TcpProxy } from '../support/tcp-proxy.ts'

let bench: CausalBench
let balancer: TcpProxy
const pools: Pool[] = []

beforeAll(async () => {
  bench = await CausalBench.start()
  balancer = await startBalancer([])
})

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
  await bench.cluster.caughtUp()
})

afterAll(async () => {
  await balancer.close()
  await bench.cluster.stop()
})

/** Where the servers are. */
const address = (index: 0 | 1 | 'primary'): { host: string; port: number } => {
  const { host, port } = (index === 'primary' ? bench.cluster.primary : bench.replica(index)).config
  return { host, port }
}

async function open(options: PoolOptions = {}, replica: object = {}): Promise<Pool> {
  balancer.lead([address(0), address(1)])
  return openAs(options, replica)
}

async function openAs(options: PoolOptions = {}, replica: object = {}): Promise<Pool> {
  const pool = new Pool({
    ...bench.cluster.primary.config,
    replicas: [{ ...balancer.config, balanced: true, ...replica }],
    logger: false,
    // Tells the servers apart.
    declared: { functions: { current_setting: 'readOnly' } },
    ...options,
  })
  pools.push(pool)
  await until('the pool knows the database', async () => {
    await pool.query('select 1')
    return pool.stats().catalog === 'loaded' && pool.stats().nodes[1]?.state === 'replica'
  })
  return pool
}

/** A note, and the port of the server that has shown it. */
const NOTE = `select version, current_setting('port')::int as port from notes where id = 1`
interface Note {
  readonly version: number
  readonly port: number
}

const read = async (pool: Pool, request: object = {}): Promise<Note | undefined> =>
  (await pool.query<Note>({ text: NOTE, ...request })).rows[0]

describe('an address of two replicas, one of which does not replay', () => {
  it('shows nobody less than his session has written, and the one that does gets reads', async () => {
    const pool = await open()
    await bench.paused([0], async () => {
      const ports = new Map<number, number>()
      for (let i = 0; i < 150; i++) {
        await pool.withSession(async () => {
          const version = await bench.write(pool)
          const note = await read(pool)
          expect(note?.version).toBe(version)
          ports.set(note?.port ?? 0, (ports.get(note?.port ?? 0) ?? 0) + 1)
        })
      }
      console.log(ports, pool.stats())
      expect(ports.get(address(0).port)).toBeUndefined()
      expect(ports.get(address(1).port)).toBeGreaterThan(0)
    })
  }, 60_000)
})
