import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PoolClient } from 'pg'
import type { Pool, PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { poolOver, replicasReady } from '../support/routed-pool.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let pool: Pool
let failed: string[]
const unhandled: unknown[] = []
const note = (reason: unknown): void => void unhandled.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  cluster = await sharedCluster({ replicas: 1 })
  await ask(cluster.primary.config, 'create table seen as select 1 as id')
  await cluster.caughtUp()
})

afterEach(async () => {
  await pool.end()
})

afterAll(async () => {
  process.removeListener('unhandledRejection', note)
  await cluster.stop()
})

async function open(options: PoolOptions, connect?: (client: PoolClient) => unknown): Promise<void> {
  pool = poolOver(cluster, { probeIntervalMs: 100, max: 1, ...options })
  failed = []
  pool.events.on('hookFailed', ({ node, cause }) => failed.push(`${node}: ${Reflect.get(cause, 'code')}`))
  if (connect !== undefined) pool.on('connect', connect)
  await replicasReady(pool)
}

/** Reads on the replica, and says which node has answered. */
async function readThere(): Promise<void> {
  const { rows } = await pool.query('select id from seen')
  expect(rows).toEqual([{ id: 1 }])
  expect(pool.stats().nodes[1]?.reads).toBe(1)
  // Unhandled rejections are told when the microtasks are through.
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled).toEqual([])
}

const REFUSED = [expect.stringMatching(/: 25006$/)]

describe('a standby’s refusal of a hook is reported, without other effects', () => {
  it('of a listener that does not wait', async () => {
    await open({}, (client) => void client.query('listen news'))
    await readThere()
    expect(failed).toEqual(REFUSED)
  })

  it('of a listener that goes on when it is done', async () => {
    await open({}, (client) => {
      void client
        .query('listen news')
        .then(() => client.query('select 1'))
        .finally(() => {})
    })
    await readThere()
    expect(failed).toEqual(REFUSED)
  })

  it('of an async listener, which receives it', async () => {
    let heard = 0
    await open({}, async (client) => {
      try {
        await client.query('listen news')
      } catch (error) {
        heard += 1
        throw error
      }
    })
    await readThere()
    expect([heard, failed]).toEqual([1, REFUSED])
  })

  it('of onConnect and verify', async () => {
    const onConnect = async (client: PoolClient): Promise<void> => {
      await client.query('create temp table own (a int)')
    }
    const verify = (client: PoolClient, done: (error?: Error) => void): void => {
      client.query('listen news').then(
        () => done(),
        (error: Error) => done(error),
      )
    }
    await open({ onConnect, verify } as object)
    await readThere()
    expect(failed).toHaveLength(2)
  })
})

describe('settings of a hook', () => {
  it('is there again behind a client that had something else, on every node, and so is what it listens to', async () => {
    await open({}, (client) => {
      client.query(`set work_mem = '6MB'`).catch(() => {})
      client.query(`set app.own = 'hook'`).catch(() => {})
      client.query('listen news').catch(() => {})
    })
    const see = (where: 'primary' | 'replica'): Promise<unknown> =>
      pool
        .query({
          text:
            where === 'replica'
              ? `select s.setting as work_mem, current_setting('app.own') as own from seen, pg_settings s where s.name = 'work_mem'`
              : `select current_setting('work_mem') as work_mem, current_setting('app.own') as own, count(*)::int as channels from pg_listening_channels()`,
        })
        .then(({ rows }) => rows[0])
    for (let i = 0; i < 2; i++) {
      expect(await see('primary')).toEqual({ work_mem: '6MB', own: 'hook', channels: 1 })
      const client = await pool.connect()
      await client.query(`set work_mem = '7MB'; set app.own = 'client'`)
      await client.query('update seen set id = 1')
      await client.query('select id from seen')
      client.release()
      expect(await see('primary')).toEqual({ work_mem: '6MB', own: 'hook', channels: 1 })
      const reset = await pool.connect()
      await reset.query('reset work_mem')
      expect(
        (await reset.query(`update seen set id = 1 returning current_setting('work_mem') as m`)).rows,
      ).toEqual([{ m: '4MB' }])
      reset.release()
    }
  })
})
