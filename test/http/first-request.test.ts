import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sessionHandler, sessionMiddleware } from '../../src/http/index.ts'
import { Pool } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { itemsTable, startClusterWith } from '../support/ground.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startClusterWith(
    { replicas: 1 },
    itemsTable(3),
    `create function touch() returns int language sql volatile as 'update items set label = label returning id'`,
  )
})

afterAll(() => cluster?.stop())

const open = (): Pool =>
  new Pool({ ...cluster.primary.config, replicas: cluster.replicas.map(({ config }) => config) })

/** The cookie that the first request of a process gets. */
async function cookieBehind(work: (pool: Pool) => Promise<unknown>): Promise<string | null> {
  const pool = open()
  const middleware = sessionMiddleware({ pool })
  const answer = async (response: ServerResponse): Promise<void> => {
    await work(pool)
    response.end()
  }
  const server = createServer((request, response) => {
    void middleware(request, response, () => answer(response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  server.close()
  const handler = sessionHandler({ pool }, async () => {
    await work(pool)
    return new Response('')
  })
  const response = await handler(new Request('http://localhost/'))
  await pool.end()
  expect(response.headers.has('set-cookie')).toBe(headers.has('set-cookie'))
  return headers.get('set-cookie')
}

it.each<[what: string, sql: string]>([
  ['a read', 'select label from items where id = 1'],
  ['a read that calls what PostgreSQL has', 'select count(*), now() from items'],
])('no cookie for %s, though the catalog is not there yet', async (_, sql) => {
  expect(await cookieBehind((pool) => pool.query(sql))).toBeNull()
  expect(
    await cookieBehind(async (pool) => {
      const client = await pool.connect()
      await client.query(sql)
      client.release()
    }),
  ).toBeNull()
})

it.each<[what: string, sql: string]>([
  ['a write', 'update items set label = label where id = 1'],
  ['a function that writes', 'select touch() from items'],
])('a cookie for %s', async (_, sql) => {
  expect(await cookieBehind((pool) => pool.query(sql))).toContain('switchyard=')
})

it('a cookie for a write in the transaction of a read', async () => {
  const cookie = cookieBehind((pool) =>
    pool.transaction(async (client) => {
      await client.query('select label from items')
      await client.query('update items set label = label')
      await client.query('select label from items')
    }),
  )
  expect(await cookie).toContain('switchyard=')
})
