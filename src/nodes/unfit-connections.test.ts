import type { PoolClient } from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { FakeClients } from '../../test/support/fake-client.ts'
import { settle } from '../../test/support/fake-platform.ts'
import { connectBy } from '../platform/connect.ts'
import { LeasePool } from './lease-pool.ts'

let clients: FakeClients
let refusal: Error | undefined
let spoilt: WeakSet<PoolClient>
let pool: LeasePool

beforeEach(() => {
  clients = new FakeClients()
  refusal = undefined
  spoilt = new WeakSet()
  const listener = {
    connected: () => refusal,
    released: () => {},
    removed: () => {},
    opened: (_id: string, _client: PoolClient, proceed: () => void) => proceed(),
    idleError: () => {},
  }
  const config = { id: 'a', weight: 1, options: { max: 1, idleTimeoutMillis: 0 } }
  pool = new LeasePool(config, connectBy(clients.ClientClass), listener, (client) => !spoilt.has(client))
})

/** Leases a connection and gives its name, or the error. */
async function lease(use: (client: PoolClient) => void = () => {}): Promise<unknown> {
  let found: unknown
  pool.lease((error, client) => {
    found = client === undefined ? error?.message : Reflect.get(client, 'name')
    if (client === undefined) return
    use(client)
    client.release()
  })
  for (let i = 0; i < 8; i++) await settle()
  return found
}

test('a connection with state that cannot be undone goes to no other caller', async () => {
  expect([await lease(), await lease((client) => spoilt.add(client))]).toEqual(['1', '1'])
  expect(await lease()).toBe('2')
  expect(clients.open).toEqual(['2'])
})

test('a connection that a listener of its opening refuses goes to no caller', async () => {
  refusal = new Error('wrong server')
  expect(await lease()).toBe('wrong server')
  expect([clients.open, pool.totalCount]).toEqual([[], 0])
  refusal = undefined
  expect(await lease()).toBe('2')
})
