import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../../src/index.ts'
import type { PoolOptions } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { ask } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster
let stranger: Cluster

beforeAll(async () => {
  ;[cluster, stranger] = await Promise.all([sharedCluster({ replicas: 1 }), sharedCluster({ replicas: 1 })])
})

afterAll(async () => {
  await Promise.all([cluster?.stop(), stranger?.stop()])
})

const SECRET = 'a-very-secret-password'

/** What `query` and `connect` say over these options. */
async function failureWith(
  options: PoolOptions,
  sql = 'select 1',
): Promise<{ code?: string; message: string }> {
  const pool = new Pool({ logger: false, ...options })
  try {
    const errors = await Promise.all([
      pool.query(sql).catch((error: unknown) => error),
      pool.connect().then(
        (client) => client.query(sql).catch((error: unknown) => error),
        (error: unknown) => error,
      ),
    ])
    for (const error of errors) {
      if (!(error instanceof Error)) throw new Error('It worked')
      expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain(SECRET)
    }
    return errors[0] as { code?: string; message: string }
  } finally {
    await pool.end()
  }
}

const replicaOf = (of: Cluster): PoolOptions => ({ ...of.replicas[0]?.config })

describe('a cluster that is not what the options say', () => {
  it('no primary: the servers are all replicas', async () => {
    const replica = replicaOf(cluster)
    const failure = await failureWith(
      { ...replica, replicas: [{ ...replica, host: 'localhost' }] },
      'delete from t',
    )
    expect(failure).toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY', retryable: true })
    expect(failure.message).toContain(`127.0.0.1:${replica.port} is a replica`)
  })

  it('no primary: no server answers', async () => {
    const failure = await failureWith({
      host: '127.0.0.1',
      port: 1,
      password: SECRET,
      replicas: [{ host: '127.0.0.1', port: 2 }],
    })
    expect(failure.code).toBe('SWITCHYARD_NO_PRIMARY')
    expect(failure.message).toMatch(/127\.0\.0\.1:1 .*ECONNREFUSED.*; 127\.0\.0\.1:2 /)
  })

  it('two primaries', async () => {
    // Both begin the same timeline, so that neither is ahead of the other.
    const split = await sharedCluster({ replicas: 2 })
    try {
      const [one, other] = split.replicas.map(({ config }) => config)
      await Promise.all([one, other].map((config) => ask(config ?? {}, 'select pg_promote()')))
      await split.primary.stop()
      const failure = await failureWith({ ...one, replicas: [{ ...other }] }, 'create table t (id int)')
      expect(failure.code).toBe('SWITCHYARD_TWO_PRIMARIES')
      expect(failure.message).toContain(`${one?.port}`)
      expect(failure.message).toContain(`${other?.port}`)
    } finally {
      await split.stop()
    }
  })

  it.each(['primary', 'replica'] as const)(
    'a replica that belongs to another cluster (its %s)',
    async (which) => {
      const foreign = which === 'primary' ? stranger.primary.config : replicaOf(stranger)
      const failure = await failureWith({ ...cluster.primary.config, replicas: [{ ...foreign }] })
      expect(failure.code).toBe('SWITCHYARD_FOREIGN_NODE')
      expect(failure.message).toContain(`${foreign.port}`)
    },
  )

  it('the primary under another name as a replica is no error, and gets no reads', async () => {
    const { primary } = cluster
    const pool = new Pool({
      ...primary.config,
      replicas: [{ ...primary.config, host: 'localhost' }],
      logger: false,
    })
    try {
      expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      expect(pool.stats().nodes.map(({ state }) => state)).toEqual(['primary', 'same-server'])
      expect(pool.stats().offload).toBe(0)
    } finally {
      await pool.end()
    }
  })
})

describe('a login that a server refuses', () => {
  it('gives the primary’s own error, as pg.Pool does', async () => {
    const replicas = [replicaOf(cluster)]
    expect(await failureWith({ ...cluster.primary.config, password: SECRET, replicas })).toMatchObject({
      code: '28P01',
    })
    expect(
      await failureWith({
        ...cluster.primary.config,
        database: 'nowhere',
        replicas: replicas.map((r) => ({ ...r, database: 'nowhere' })),
      }),
    ).toMatchObject({ code: '3D000' })
  })
})

describe('options that cannot be', () => {
  it.each<[string, object, string, RegExp]>([
    ['a mistyped option', { replica: [] }, 'SWITCHYARD_UNKNOWN_OPTION', /"replica".*Did you mean "replicas"/],
    [
      'a mistyped option of pg',
      { idleTimeoutMilis: 1 },
      'SWITCHYARD_UNKNOWN_OPTION',
      /Did you mean "idleTimeoutMillis"/,
    ],
    [
      'a mistyped option of a replica',
      { replicas: [{ host: 'h', wieght: 2 }] },
      'SWITCHYARD_UNKNOWN_OPTION',
      /replicas\[0\].*"weight"/,
    ],
    [
      'a weight below 0',
      { replicas: [{ host: 'h', weight: -1 }] },
      'SWITCHYARD_INVALID_OPTION',
      /replicas\[0\]\.weight.*at least 0; received -1/,
    ],
    [
      'a weight that is text',
      { replicas: [{ host: 'h', weight: '2' }] },
      'SWITCHYARD_INVALID_OPTION',
      /weight/,
    ],
    ['a window of nothing', { windowMs: 0 }, 'SWITCHYARD_INVALID_OPTION', /windowMs.*above 0; received 0/],
    [
      'probes rarer than the window allows',
      { windowMs: 100, probeIntervalMs: 90 },
      'SWITCHYARD_INVALID_OPTION',
      /at most 50; received 90/,
    ],
    [
      'a replica that is nowhere',
      { replicas: [{ database: 'x' }] },
      'SWITCHYARD_INVALID_OPTION',
      /replicas\[0\].*"host"/,
    ],
    [
      'replicas that are no list',
      { replicas: 'h2' },
      'SWITCHYARD_INVALID_OPTION',
      /"replicas" must be an array/,
    ],
    [
      'an address that is none',
      { connectionString: `postgres://u:${SECRET}@h1:port,h2/db` },
      'SWITCHYARD_INVALID_OPTION',
      /connectionString/,
    ],
  ])('%s', (_name, options, code, message) => {
    const error: unknown = (() => {
      try {
        return new Pool(options)
      } catch (caught) {
        return caught
      }
    })()
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(String((error as Error).stack) + JSON.stringify(error)).not.toContain(SECRET)
  })
})
