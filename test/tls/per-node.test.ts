import type { PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Pool, type PoolOptions } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { Authority, missingForCertificates } from './authority.ts'

const missing = await missingForCertificates()
const reason = missing === undefined ? '' : ` (skipped: ${missing})`
const PASSWORD = 'not in plain text'

// One node whose certificate is not verified, or not valid, changes nothing for the others.

describe.skipIf(missing !== undefined)(`certificates of each node on its own${reason}`, () => {
  let authority: Authority
  let stranger: Authority
  let cluster: Cluster
  let pool: Pool
  beforeAll(async () => {
    authority = await Authority.create('localhost')
    stranger = await Authority.create('localhost')
    cluster = await startCluster({ replicas: 2, backend: 'embedded', settings: authority.settings })
    await ask(cluster.primary.config, `create role app login password '${PASSWORD}'`)
    await cluster.caughtUp()
  })
  afterEach(() => pool?.end())
  afterAll(async () => {
    await cluster?.stop()
    await authority?.[Symbol.asyncDispose]()
    await stranger?.[Symbol.asyncDispose]()
  })

  const placeOf = ({ config }: ClusterNode): PoolConfig => ({ host: 'localhost', port: config.port })
  const open = (ssl: PoolOptions['ssl'], replicas: PoolOptions['replicas']): Pool => {
    pool = new Pool({
      ...placeOf(cluster.primary),
      user: 'app',
      password: PASSWORD,
      database: 'postgres',
      ssl,
      replicas,
      logger: false,
      failoverTimeoutMs: 500,
    })
    return pool
  }
  /** Connections of the role on a server, by its own word. */
  const loginsOn = async ({ config }: ClusterNode): Promise<number> =>
    (await ask(config, "select 1 from pg_stat_activity where usename = 'app'")).length

  const replicas = (): readonly [ClusterNode, ClusterNode] =>
    cluster.replicas as unknown as [ClusterNode, ClusterNode]

  test('a node that is not verified does not make another one so', async () => {
    const [careless, strict] = replicas()
    open({ ca: authority.ca }, [
      { ...placeOf(careless), ssl: { rejectUnauthorized: false } },
      { ...placeOf(strict), ssl: { ca: stranger.ca } },
    ])
    await replicasReady(pool, 1)
    await until('the other one is known to be down', () => pool.stats().nodes[2]?.state === 'down')
    await Promise.all(Array.from({ length: 10 }, () => pool.query('select 1')))
    expect(await loginsOn(careless)).toBeGreaterThan(0)
    expect(await loginsOn(strict)).toBe(0)
  })

  test('an unverified replica does not make the primary so', async () => {
    const [careless, other] = replicas()
    open({ ca: stranger.ca }, [
      { ...placeOf(careless), ssl: { rejectUnauthorized: false } },
      { ...placeOf(other), ssl: { rejectUnauthorized: false } },
    ])
    await expect(pool.query('create table never (a int)')).rejects.toMatchObject({
      code: 'SWITCHYARD_NO_PRIMARY',
    })
    expect(await loginsOn(cluster.primary)).toBe(0)
  })

  test('sslmode=no-verify in the address of one replica holds for it alone', async () => {
    const [careless, strict] = replicas()
    const urlOf = ({ config }: ClusterNode, query: string): string =>
      `postgres://app:${encodeURIComponent(PASSWORD)}@localhost:${config.port}/postgres?${query}`
    const rootOf = ({ caFile }: Authority): string =>
      `sslmode=verify-full&sslrootcert=${encodeURIComponent(caFile)}`
    open({ ca: authority.ca }, [urlOf(careless, 'sslmode=no-verify'), urlOf(strict, rootOf(stranger))])
    await replicasReady(pool, 1)
    await until('the other one is known to be down', () => pool.stats().nodes[2]?.state === 'down')
    expect(await loginsOn(strict)).toBe(0)
  })

  test('a host name that the certificate does not have', async () => {
    const [wrong, right] = replicas()
    open({ ca: authority.ca }, [
      { host: '127.0.0.1', port: wrong.config.port, ssl: { ca: authority.ca, servername: 'other.example' } },
      placeOf(right),
    ])
    await replicasReady(pool, 1)
    await until('the node is known to be down', () => pool.stats().nodes[1]?.state === 'down')
    expect(await loginsOn(wrong)).toBe(0)
    expect(await loginsOn(right)).toBeGreaterThan(0)
  })
})
