import { Client, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { functionDiscovery, Pool, type PoolOptions } from '../../src/index.ts'
import { startCluster, type Cluster, type ClusterNode } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { Authority, missingForCertificates } from './authority.ts'

const missing = await missingForCertificates()
const SECRET = 'not in plain text'

describe.skipIf(missing !== undefined)(
  `over TLS with certificates checked${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let authority: Authority
    let stranger: Authority
    let cluster: Cluster
    let pool: Pool | undefined

    beforeAll(async () => {
      authority = await Authority.create('localhost')
      stranger = await Authority.create('localhost')
      cluster = await startCluster({ replicas: 2, backend: 'embedded', settings: authority.settings })
      await ask(cluster.primary.config, `create role app login password '${SECRET}'`)
      await ask(cluster.primary.config, 'create table t as select 1 as a')
      await ask(cluster.primary.config, 'grant all on t to app')
      await cluster.caughtUp()
    })
    afterEach(async () => {
      await pool?.end()
      pool = undefined
    })
    afterAll(async () => {
      await cluster?.stop()
      await authority?.[Symbol.asyncDispose]()
      await stranger?.[Symbol.asyncDispose]()
    })

    // The name that the certificate is for.
    const addressOf = ({ config }: ClusterNode): PoolConfig => ({
      host: 'localhost',
      port: config.port,
      database: config.database,
      user: 'app',
      password: SECRET,
    })
    const placeOf = ({ config }: ClusterNode): PoolConfig => ({ host: 'localhost', port: config.port })
    const open = (options: PoolOptions): Pool => {
      pool = new Pool({
        ...addressOf(cluster.primary),
        replicas: cluster.replicas.map(placeOf),
        logger: false,
        ...options,
      })
      return pool
    }

    /** Uses every kind of connection, then asks each server how those of the role came in. */
    const expectAllEncrypted = async (): Promise<void> => {
      const used = pool
      if (used === undefined) throw new Error('no pool')
      await replicasReady(used)
      await Promise.all(Array.from({ length: 6 }, () => used.query('select a from t, pg_sleep(0.05)')))
      await used.query('insert into t values (2)')
      const client = await used.connect()
      await client.query('begin')
      await client.query('select a from t')
      await client.query('commit')
      client.release()
      const sql = `select application_name = 'pg-switchyard monitor' as watches, ssl, version
        from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'app'`
      for (const { config } of cluster.nodes) {
        const rows = await ask(config, sql)
        expect(rows.filter(({ watches }) => watches).length).toBeGreaterThan(0)
        expect(rows.filter(({ watches }) => !watches).length).toBeGreaterThan(0)
        expect(rows.filter(({ ssl, version }) => ssl !== true || version !== 'TLSv1.3')).toEqual([])
      }
    }

    test('the servers take this role in no other way', async () => {
      const plain = ask(addressOf(cluster.primary), 'select 1')
      await expect(plain).rejects.toThrow(/no pg_hba.conf entry.*no encryption/)
      open({})
      await expect(pool?.query('select 1')).rejects.toThrow(/no encryption/)
    })

    test('the replicas inherit the option "ssl"', async () => {
      open({ ssl: { ca: authority.ca } })
      await expectAllEncrypted()
    })

    test('each node has its own', async () => {
      const ssl = { ca: authority.ca, rejectUnauthorized: true }
      open({ ssl, replicas: cluster.replicas.map((node) => ({ ...placeOf(node), ssl })) })
      await expectAllEncrypted()
    })

    test('connection strings with sslmode=verify-full', async () => {
      const urlOf = ({ config }: ClusterNode): string =>
        `postgres://app:${encodeURIComponent(SECRET)}@localhost:${config.port}/postgres` +
        `?sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.caFile)}`
      pool = new Pool({
        connectionString: urlOf(cluster.primary),
        replicas: cluster.replicas.map(urlOf),
        logger: false,
      })
      await expectAllEncrypted()
    })

    test('replicas that are discovered inherit it too', async () => {
      const nodes = cluster.nodes.map(({ config }) => ({ host: 'localhost', port: config.port }))
      open({ ssl: { ca: authority.ca }, replicas: [], discovery: functionDiscovery(() => nodes) })
      await expectAllEncrypted()
    })

    test('SCRAM with channel binding, wherever a connection is made', async () => {
      const mechanisms: unknown[] = []
      class Recording extends Client {
        // What node-postgres keeps of the exchange while it lasts.
        _handleAuthSASL(message: unknown): void {
          const handle: (given: unknown) => void = Reflect.get(Client.prototype, '_handleAuthSASL')
          handle.call(this, message)
          mechanisms.push((Reflect.get(this, 'saslSession') as { mechanism?: unknown } | null)?.mechanism)
        }
      }
      open({ ssl: { ca: authority.ca }, enableChannelBinding: true, Client: Recording })
      await expectAllEncrypted()
      expect(mechanisms.length).toBeGreaterThanOrEqual(6)
      expect(new Set(mechanisms)).toEqual(new Set(['SCRAM-SHA-256-PLUS']))
    })

    test.each<readonly [what: string, ssl: () => object]>([
      ['an authority that nobody trusts', () => ({ ca: stranger.ca })],
      ['no authority but those of Node.js', () => ({})],
    ])('%s: no connection is made', async (_what, ssl) => {
      open({ ssl: ssl() })
      const message: unknown = expect.stringMatching(/localhost:\d+ .*unable to verify the first certificate/)
      await expect(pool?.query('select 1')).rejects.toMatchObject({ code: 'SWITCHYARD_NO_PRIMARY', message })
    })

    test('a replica whose certificate is for another name gets no reads', async () => {
      const [good, bad] = cluster.replicas
      if (good === undefined || bad === undefined) throw new Error('no replicas')
      // By its address, because for a name that is what is checked.
      const ssl = { ca: authority.ca, servername: 'other.example' }
      open({
        ssl: { ca: authority.ca },
        replicas: [placeOf(good), { host: '127.0.0.1', port: bad.config.port, ssl }],
      })
      const causes: Error[] = []
      pool?.events.on('nodeChanged', ({ cause }) => {
        if (cause !== undefined) causes.push(cause)
      })
      await replicasReady(pool as Pool, 1)
      for (let i = 0; i < 10; i++) await pool?.query('select a from t')
      await until('it is known to be down', () => pool?.stats().nodes[2]?.state === 'down')
      expect(causes).toMatchObject([{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }])
      expect(await ask(bad.config, "select 1 from pg_stat_activity where usename = 'app'")).toEqual([])
    })
  },
)
