import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { wrapPg } from '../../src/index.ts'
import type { Cluster } from '../../src/test-cluster/index.ts'
import { sharedCluster } from '../support/shared-cluster.ts'

interface Message {
  readonly parameterName: string
  readonly parameterValue: string
}

/** A client with what a tool finds out about its server when it connects. */
interface Known {
  serverVersion?: string
  readonly connection: {
    on(name: string, listener: (message: Message) => void): void
    removeListener(name: string, listener: (message: Message) => void): void
  }
}

let cluster: Cluster
let connects = 0

beforeAll(async () => {
  cluster = await sharedCluster({ replicas: 1 })
})

beforeEach(() => {
  connects = 0
})

afterAll(async () => {
  await cluster.stop()
})

/** A copy of node-postgres whose clients' `connect()` a tool has put its own around, as pg-promise does. */
function wrappedCopy(): typeof pg {
  class Client extends pg.Client {
    override connect(...given: never[]): never {
      connects += 1
      const known = this as unknown as Known
      const listener = ({ parameterName, parameterValue }: Message): void => {
        if (parameterName !== 'server_version') return
        known.serverVersion = parameterValue
        known.connection.removeListener('parameterStatus', listener)
      }
      known.connection.on('parameterStatus', listener)
      return (super.connect as (...given: never[]) => never)(...given)
    }
  }
  return { ...pg, Client }
}

const version = (client: unknown): string | undefined => (client as Known).serverVersion

describe.each(['lazy', 'eager'] as const)('clients of a pool, %s', (checkout) => {
  it('know what is found out when they connect, once for each', async () => {
    const { Pool } = wrapPg(wrappedCopy())
    const replicas = cluster.replicas.map(({ config }) => config)
    const pool = new Pool({ ...cluster.primary.config, replicas, checkout, logger: false })
    try {
      const client = await pool.connect()
      expect(version(client)).toMatch(/^\d+\.\d+/)
      client.release()
      const before = connects
      const again = await pool.connect()
      expect([again, connects]).toEqual([client, before])
      const { rows } = await again.query('select 1 as one')
      expect(rows).toEqual([{ one: 1 }])
      await expect(again.connect()).rejects.toThrow('Client has already been connected.')
      again.release()
      const ofPrimary = await pool.primary.connect()
      expect(version(ofPrimary)).toBe(version(client))
      ofPrimary.release()
    } finally {
      await pool.end()
    }
  })
})

it('clients that are constructed know it, too', async () => {
  const { Client } = wrapPg(wrappedCopy())
  const replicas = cluster.replicas.map(({ config }) => config)
  const client = new Client({ ...cluster.primary.config, replicas, logger: false })
  expect(await client.connect()).toBe(client)
  expect(version(client)).toMatch(/^\d+\.\d+/)
  await client.end()
})
