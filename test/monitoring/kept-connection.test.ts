import { connectBy } from '../../src/platform/connect.ts'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { KeptConnection } from '../../src/monitoring/kept-connection.ts'
import { systemPlatform } from '../../src/platform/system.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { until } from '../support/servers.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 0 })
})

afterAll(() => cluster.stop())

it('a question without an answer fails in time, and leaves no connection behind', async () => {
  const { config } = cluster.primary
  const connection = new KeptConnection(connectBy(pg.Client), systemPlatform, 5_000, 200)
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'PipeWrap').length
  const before = sockets()
  await expect(connection.rows(config, 'select pg_sleep(60)')).rejects.toThrow('timeout expired')
  await until('its socket is closed', () => Promise.resolve(sockets() <= before))
  expect(await connection.rows(config, 'select 1 as one')).toEqual([{ one: 1 }])
  connection.close()
})
