import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pool, tlsFiles } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'
import { replicasReady } from '../support/routed-pool.ts'
import { ask, until } from '../support/servers.ts'
import { Authority, missingForCertificates } from './authority.ts'

const missing = await missingForCertificates()

describe.skipIf(missing !== undefined)(
  `certificates that are replaced on disk${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let authority: Authority
    let stranger: Authority
    let cluster: Cluster
    let directory: string

    beforeAll(async () => {
      authority = await Authority.create('localhost')
      stranger = await Authority.create('localhost')
      cluster = await startCluster({ replicas: 2, backend: 'embedded', settings: authority.settings })
      await ask(cluster.primary.config, `create role app login superuser password 'secret'`)
      await ask(cluster.primary.config, 'create table t as select 1 as a')
      await cluster.caughtUp()
      directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-reload-'))
    })
    afterAll(async () => {
      await cluster?.stop()
      await authority?.[Symbol.asyncDispose]()
      await stranger?.[Symbol.asyncDispose]()
      if (directory !== undefined) await rm(directory, { recursive: true, force: true })
    })

    test('are used by new connections to every node, also while a file is missing', async () => {
      const ca = join(directory, 'ca.pem')
      await writeFile(ca, stranger.ca)
      const { database, port } = cluster.primary.config
      const [first, second] = cluster.replicas.map(({ config }) => config.port)
      const url = `postgres://app:secret@localhost:${second}/${database}?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`
      const pool = new Pool({
        host: 'localhost',
        port,
        user: 'app',
        password: 'secret',
        database,
        ssl: tlsFiles({ ca }),
        replicas: [{ host: 'localhost', port: first }, url],
        idleTimeoutMillis: 100,
        logger: false,
      })
      try {
        await expect(pool.query('select a from t')).rejects.toThrow(/certificate/)
        await writeFile(ca, authority.ca)
        await pool.query('select a from t')
        await replicasReady(pool)
        expect(pool.stats().nodes.map(({ role }) => role)).toEqual(['primary', 'replica', 'replica'])
        await rm(ca)
        await until('the connections are closed', () => pool.totalCount === 0)
        await pool.query('insert into t values (2)')
        expect((await pool.query('select a from t')).rowCount).toBe(2)
      } finally {
        await pool.end()
      }
    })
  },
)
