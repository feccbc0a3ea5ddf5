import { Client as PgClient } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../../src/index.ts'
import { startCluster, type Cluster } from '../../src/test-cluster/index.ts'

// Who destroys `client.connection.stream` waits for the client's "end", and gets it from either.

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
})
afterAll(() => cluster?.stop())

test.each(['pg', 'pg-switchyard'])('%s', async (name) => {
  const replicas = cluster.replicas.map(({ config }) => config)
  const client: PgClient =
    name === 'pg'
      ? new PgClient(cluster.primary.config)
      : new Client({ ...cluster.primary.config, replicas, logger: false })
  const heard: unknown[] = []
  client.on('error', ({ message }) => heard.push(message))
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  await client.connect()
  await client.query('select 1')
  client.connection.stream.destroy()
  await ended
  expect(heard).toEqual(['Connection terminated unexpectedly'])
  await expect(client.query('select 1')).rejects.toThrow(
    'Client has encountered a connection error and is not queryable',
  )
})
